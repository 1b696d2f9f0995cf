// The rooms of units, venues, compounds and justice: a number narrows its list, a compound and a gift open their sheets,
// and the corrections' names are shown to the justice bureau alone, and only when it asks.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DAY, DESKTOP, PASSWORD, noBarriers, open, ready, shots, signIn } from "./support.mjs";

const at = async (page, tab) => {
  await page.click(`#tabs a[data-name="${tab}"]`);
  await ready(page, tab);
};
const sheet = (page) => page.waitForFunction(() => document.getElementById("drill").dataset.ready === new URLSearchParams(location.search).get("drill"));

export async function rooms(page) {
  await at(page, "reporting");
  assert.equal(await page.locator("#reports tbody tr").count(), 3);
  await page.locator("#by-unit button.bad").first().click();
  await page.waitForFunction(() => document.querySelectorAll("#reports tbody tr").length === 1);
  assert.match(await page.locator("#reports").innerText(), /教育局[\s\S]*漏报/, "who is silent, by name");
  await page.selectOption("#reports select", "zero");
  await page.waitForFunction(() => document.querySelector("#reports tbody")?.innerText.includes("零报告") || !document.querySelector("#reports tbody"));
  // The worker says that it is missed, a moment after the service began.
  await page.waitForFunction(() => /组[\s\S]*大兴街道办事处/.test(document.getElementById("logs-missing")?.innerText ?? ""), null, { timeout: 90_000 });

  await at(page, "venues");
  assert.match(await page.locator("#venue-status .lead").innerText(), /大型餐饮 基本暂停营业 20 家中 18 家/);
  assert.match(await page.locator("#not-inspected").innerText(), /雅鱼大酒楼/);

  await at(page, "compounds");
  await page.locator("#uncollected button.area").first().click();
  await sheet(page);
  const told = await page.locator("#drill-body").innerText();
  assert.match(told, /结对单位 1[\s\S]*雨城区教育局[\s\S]*口罩弃置点 1[\s\S]*医废处置/, told);
  await noBarriers(page, "a compound's sheet");
  await page.screenshot({ path: join(shots, "compound-zh.png") });
  await page.click("#drill-close");
  assert.equal(await page.locator("#without-partner tbody tr").count(), 7);
  assert.match(await page.locator("#donations").innerText(), /口罩 500个[\s\S]*口罩 200个/, "given and left");
  await page.locator("#donations tbody button").first().click();
  await sheet(page);
  assert.match(await page.locator("#drill-body").innerText(), /口罩\s+500个\s+300个\s+200个/);
  await noBarriers(page, "where a gift went");
  await page.screenshot({ path: join(shots, "donation-zh.png") });
  await page.click("#drill-close");

  await at(page, "communities");
  assert.equal(await page.locator("#legal-groups tbody tr").count(), 6);
  assert.equal(await page.locator("#unchecked").count(), 0, "the command sees no name of the corrections");
  assert.equal(await page.locator("#counseling_sessions tbody tr").count(), 4);
  assert.equal(await page.locator("#counseling_sessions tbody button").count(), 0, "and opens no session");
}

// Of the accounts that may, and of one that may not, each its own rooms.
export async function ownRooms(browser, accounts) {
  const as = async (name, look) => {
    const once = accounts.find(({ username }) => username === name).one_time_password;
    const { page, faults } = await open(await browser.newContext(DESKTOP), `/?on=${DAY}&lang=zh`);
    await signIn(page, name, once);
    await page.locator("#new-password").waitFor();
    await page.fill("input[name=new_password]", PASSWORD);
    await signIn(page, name, once);
    await ready(page, "overview");
    await look(page, await page.$$eval("#tabs a", (links) => links.map((link) => link.dataset.name)));
    assert.deepEqual(faults, [], name);
    await page.context().close();
  };
  await as("demo.justice", async (page, tabs) => {
    assert.ok(tabs.includes("communities") && tabs.includes("reporting") && !tabs.includes("compounds"), tabs.join());
    const asked = [];
    page.on("request", (request) => request.url().includes("/unchecked") && asked.push(request.url()));
    await page.click('#tabs a[data-name="communities"]');
    await ready(page, "communities");
    assert.deepEqual(asked, [], "nobody is read before somebody asks");
    await page.locator("#unchecked button").click();
    await page.getByText("在册 6 人,已核查 6 人").waitFor();
    assert.equal(asked.length, 1);
    await noBarriers(page, "communities of the justice bureau");
    await page.screenshot({ path: join(shots, "demo.justice-zh.png"), fullPage: true });
  });
  await as("demo.counselor", async (page, tabs) => {
    assert.ok(tabs.includes("communities") && !tabs.includes("reporting") && !tabs.includes("venues"), tabs.join());
    await page.click('#tabs a[data-name="communities"]');
    await ready(page, "communities");
    assert.equal(await page.locator("#counseling_sessions tbody tr").count(), 4);
    const mine = page.locator("#counseling_sessions tbody button.figure").first();
    const count = Number(await mine.innerText());
    await mine.click();
    await sheet(page);
    assert.equal(await page.locator("#drill-body tbody tr").count(), count, "whoever counsels opens what she entered");
  });
  await as("demo.gate.9", async (page, tabs) => assert.ok(!["compounds", "venues", "communities", "reporting"].some((name) => tabs.includes(name)), tabs.join()));
}

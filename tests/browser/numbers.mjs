// The numbers of the page are the lists' counts: every figure that opens records is followed, and those of the tiles
// are opened and counted row by row.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DAY, api, origin, ready, shots } from "./support.mjs";

// Figures that are sums over their records: of which member.
const SUMS = { disinfections: "area_m2", "publicity-activities": "households_reached" };
const digits = (text) => Number(text.replace(/[^\d.]/g, ""));

async function listed(token, url, told) {
  const [path] = url.split("?");
  const kind = path.split("/").at(-1);
  const member = told ?? SUMS[kind];
  if (!member) return Number((await api(token, "GET", `${url}&limit=1&count=exact`)).total);
  let [sum, cursor] = [0, ""];
  do {
    const page = await api(token, "GET", `${url}&limit=500${cursor}`);
    sum += page.items.reduce((all, record) => all + Number(record[member] ?? 0), 0);
    cursor = page.next_cursor ? `&cursor=${encodeURIComponent(page.next_cursor)}` : "";
  } while (cursor);
  return Math.round(sum);
}

async function rows(page) {
  await page.waitForFunction(() => document.getElementById("drill").dataset.ready === new URLSearchParams(location.search).get("drill") && document.querySelector("#drill-body table"));
  for (;;) {
    const more = page.locator("#drill-more");
    if (!(await more.count()) || (await page.locator("#drill-body tbody tr").count()) > 500) break;
    const before = await page.locator("#drill-body tbody tr").count();
    await more.click();
    await page.waitForFunction((known) => document.querySelectorAll("#drill-body tbody tr").length > known, before);
  }
  return page.locator("#drill-body tbody tr").count();
}

export async function numbers(page, token) {
  let followed = 0;
  for (const tab of ["overview", "checkpoints", "observation", "volunteers", "map", "compounds", "venues", "communities", "reporting"]) {
    await page.click(`#tabs a[data-name="${tab}"]`);
    await ready(page, tab);
    const figures = await page.$$eval("#tab button[data-url]", (buttons) => buttons.map((button) => [button.textContent, button.dataset.url, button.getAttribute("aria-label"), button.dataset.sum]));
    for (const [text, url, label, sum] of figures) {
      if (!/^\/v1\/[a-z-]+\?/.test(url)) continue;
      assert.equal(await listed(token, url, sum), digits(text), `${tab}: ${label} ${url}`);
      followed += 1;
    }
  }
  await page.click('#tabs a[data-name="overview"]');
  await ready(page, "overview");
  const tiles = await page.$$eval(".tile", (articles) => articles.map((article) => article.id));
  let opened = 0;
  for (const id of tiles) {
    const button = page.locator(`#${id} .big button[data-url]`);
    if (!(await button.count())) continue;
    const [number, url] = [digits(await button.innerText()), await button.getAttribute("data-url")];
    await button.click();
    const count = await rows(page);
    const total = Number(await page.locator("#drill").getAttribute("data-total"));
    assert.equal(count, Math.min(total, count), id);
    if (!Object.keys(SUMS).some((kind) => url.includes(`/${kind}?`))) assert.equal(total, number, id);
    if (total <= 500) assert.equal(count, total, `${id}: each record has a row`);
    if (id === "tile-abnormal") {
      const told = await page.locator("#drill-body").innerText();
      assert.match(told, /14天内重点地区旅居史/, "why it is abnormal, in words");
      assert.match(told, /大门/, "the place by name");
      assert.match(told, /[\u4e00-\u9fff]\*\*/, "the person masked");
      assert.match(told, /门岗/, "who wrote it");
      await page.screenshot({ path: join(shots, "records-zh.png") });
    }
    opened += 1;
    await page.click("#drill-close");
    await page.waitForFunction(() => !document.getElementById("drill").open);
  }
  assert.ok(opened >= 7 && followed > 100, `${opened} tiles, ${followed} figures`);
  // A shift counts once: 54 people on 18 shifts are no 72.
  assert.match(await page.locator("#tile-shifts").innerText(), /54\s*\/ 应 54[\s\S]*18\/18/);
  console.log(`${followed} figures have as many records as they say, ${opened} tiles opened and counted`);
}

// From a record to its case, its duties, its days and timeline; certificate and day sheet on paper.
export async function ways(page) {
  await page.goto(`${origin}/?on=${DAY}&lang=zh&tab=observation`);
  await ready(page, "observation");
  assert.equal(await page.locator("#cases tbody tr").count(), 18);
  assert.equal(await page.locator("#cases tbody tr").first().locator(".strip li").count(), 14);
  assert.equal(await page.locator("#cases tbody tr").first().locator(".five li").count(), 5);
  await page.locator("#cases tbody button.figure").first().click();
  await page.locator(".timeline li").first().waitFor();
  await page.screenshot({ path: join(shots, "case-zh.png") });
  await page.locator(".timeline button").last().click();
  await page.getByText("所属个案").click();
  await page.locator(".timeline li").first().waitFor();
  await page.getByText("相关责任事项").click();
  await page.locator("#drill-body tbody tr").first().waitFor();
  await page.goto(`${origin}/?on=${DAY}&lang=zh&tab=volunteers`);
  await ready(page, "volunteers");
  await page.locator(".day-sheet").first().click();
  await page.waitForFunction(() => document.getElementById("paper").dataset.ready);
  const sheet = await page.evaluate(() => document.querySelector(".sheet").shadowRoot.textContent);
  assert.match(sheet, /值守表/);
  await page.screenshot({ path: join(shots, "day-sheet-zh.png") });
  await page.click("#paper-close");
}

// The address says what one looks at, and a reload keeps it and the sign-in; roles see their own tabs; shapes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DAY, DESKTOP, PASSWORD, api, open, origin, ready, shots, signIn } from "./support.mjs";

export async function keeps(page) {
  await page.goto(`${origin}/?on=${DAY}&lang=zh`);
  await ready(page, "overview");
  await page.click("#areas button.area");
  await page.waitForFunction(() => location.search.includes("area=511802005") && document.getElementById("tab").dataset.ready?.endsWith("511802005"));
  assert.equal(await page.locator("#path button").count(), 1, "a way back to the district");
  await page.click('#tabs a[data-name="checkpoints"]');
  await ready(page, "checkpoints");
  await page.locator("#abnormal tbody button").first().click();
  await page.locator("#drill[open] .facts").waitFor();
  const address = page.url();
  await page.reload();
  await page.locator("#drill[open] .facts").waitFor();
  assert.equal(page.url(), address);
  assert.equal(await page.locator("#sign-in").isVisible(), false, "a reload keeps the sign-in");
  await page.goBack();
  await page.waitForFunction(() => !document.getElementById("drill").open);
  await page.goBack();
  await ready(page, "overview");
  assert.match(page.url(), /area=511802005/);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement !== document.body), true);
}

// What another person may see, and whether his number of people is his list's.
export async function others(browser, accounts, admin) {
  const tabs = async (name) => {
    const once = accounts.find(({ username }) => username === name).one_time_password;
    const { page, faults } = await open(await browser.newContext(DESKTOP), `/?on=${DAY}&lang=zh`);
    await signIn(page, name, once);
    await page.locator("#new-password").waitFor();
    await page.fill("input[name=new_password]", PASSWORD);
    await signIn(page, name, once);
    await ready(page, "overview");
    await page.waitForTimeout(300);
    const found = await page.$$eval("#tabs a", (links) => links.map((link) => link.dataset.name));
    assert.doesNotMatch(await page.locator("#board").innerText(), /密钥/, "who signed in isn't told of keys");
    assert.deepEqual(faults, [], name);
    await page.screenshot({ path: join(shots, `${name}-zh.png`), fullPage: true });
    await page.context().close();
    return found;
  };
  const store = await tabs("demo.store.longxi");
  assert.ok(store.includes("supply") && !store.includes("observation") && !store.includes("checkpoints"), store.join());
  const cadre = await tabs("demo.cadre.babu");
  assert.ok(cadre.includes("observation") && cadre.includes("behind"), cadre.join());
  const expires_at = new Date(Date.now() + 86_400_000).toISOString();
  const key = await api(admin, "POST", "/v1/api-keys", { name: "看板", role: "statistics_reader", area_code: "511802", scopes: ["statistics"], expires_at });
  const { page, faults } = await open(await browser.newContext(DESKTOP), `/?on=${DAY}&lang=zh`);
  await signIn(page, key.key, "");
  await ready(page, "overview");
  const count = Number((await page.locator("#tile-screened .big").innerText()).replace(/\D/g, ""));
  assert.equal(count % 5, 0, "rounded for a key without small numbers");
  assert.match(await page.locator("#tile-abnormal .big").innerText(), /已隐去/);
  assert.equal(await page.locator(".tile button[data-url]").count(), 0, "a key opens no records");
  await page.screenshot({ path: join(shots, "key-zh.png"), fullPage: true });
  assert.deepEqual(faults, []);
  await page.context().close();
}

// A copy of a tab has a copy of the session: whoever renews tells the other, and neither is signed out.
export async function twice(context, page) {
  const { page: other } = await open(context, `/?on=${DAY}`);
  const session = await page.evaluate(() => sessionStorage.getItem("lianfang-session"));
  await other.evaluate((text) => sessionStorage.setItem("lianfang-session", text), session);
  await other.reload();
  await ready(other, "overview");
  for (const one of [page, other, page, page, other]) {
    await one.evaluate(() => { const text = JSON.parse(sessionStorage.getItem("lianfang-session")); sessionStorage.setItem("lianfang-session", JSON.stringify({ ...text, renewAt: 1 })); });
    await one.reload();
    await ready(one, "overview");
    await one.waitForTimeout(200);
  }
  assert.equal(await other.locator("#sign-in").isVisible(), false);
  await other.close();
}

// The district's own shapes: refused with the place of the fault, then drawn.
export async function ownShapes(page) {
  await page.goto(`${origin}/?on=${DAY}&lang=zh&tab=map`);
  await ready(page, "map");
  assert.equal(await page.locator("svg.map .place").count(), 13);
  await page.locator("#map summary").click();
  const square = (west, south) => [[[west, south], [west + 0.09, south], [west + 0.09, south + 0.09], [west, south + 0.09], [west, south]]];
  const feature = (code, coordinates) => ({ type: "Feature", properties: { code }, geometry: { type: "Polygon", coordinates } });
  const load = (features) => page.setInputFiles("#shapes", { name: "雨城.geojson", mimeType: "application/json", buffer: Buffer.from(JSON.stringify({ type: "FeatureCollection", features })) });
  await load([feature("999999999", square(103, 29.9))]);
  await page.getByText("不是本区县的乡镇").waitFor();
  await load([feature("511802005", square(103, 29.9)), feature("511802114", square(103.1, 29.8))]);
  await page.waitForFunction(() => document.querySelectorAll("svg.map .place path").length === 2);
  await page.screenshot({ path: join(shots, "own-shapes-zh.png") });
  await page.locator('svg.map [data-code="511802005"]').focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.search.includes("area=511802005"));
}

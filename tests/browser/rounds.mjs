// Coverage of survey rounds in the page: down to the door, by whose it is, on paper, and for those alone who may see it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DAY, DESKTOP, api, open, ready, shots, signIn, signedIn } from "./support.mjs";

const missed = (page, rows) => page.waitForFunction((known) => document.querySelectorAll("#coverage-missed tbody tr").length === known, rows);

// What the command sees of the two rounds: bars by whatever it asks for, and the two doors that are missed.
export async function coverage(page, token) {
  await page.click('#tabs a[data-name="households"]');
  await ready(page, "households");
  await page.locator("#coverage-lines .lines li").first().waitFor();
  assert.equal(await page.locator("#coverage-rounds button").count(), 2, "the one that runs, and the one closed last");
  assert.match(await page.locator("#coverage-total").innerText(), /99.67%\s*已查 598 \/ 600 户 · 拒绝 1 · 未联系上 1/);
  assert.equal(await page.locator("#mine").isVisible(), false, "nothing is the command's own share");
  await page.click("[data-key=by-place]");
  await page.getByText("雨城教育家属大院18号院", { exact: true }).waitFor();
  assert.equal(await page.locator("#coverage-lines .lines li").count(), 19, "eighteen compounds, and the villages' households in none");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.key), "by-place", "the keyboard stays where it was");
  // From a bar to its missed, by the keyboard.
  await page.focus("#coverage-lines .lines button");
  await page.keyboard.press("Enter");
  await missed(page, 1);
  const door = (await page.locator("#coverage-missed tbody th, #coverage-missed tbody td").allInnerTexts()).map((text) => text.trim());
  assert.match(door[0], /^雨城教育家属大院1[48]号院 \d栋\d单元\d+$/);
  assert.match(door[1], /^[\u4e00-\u9fff]\*+$/, "a surname to ask for, no more");
  await page.click("[data-key=missed-all]");
  await missed(page, 2);
  await page.click("[data-key=what-persons]");
  await missed(page, 6);
  await page.screenshot({ path: join(shots, "coverage-zh.png"), fullPage: true });
  await page.click("#coverage-rounds button:nth-child(2)");
  await page.getByText("已查 571 / 592 户").waitFor();
  await missed(page, 21);
  await page.click("#coverage-rounds button:nth-child(1)");
  await page.getByText("已查 598 / 600 户").waitFor();
  // Somebody opens: the door leaves the list by itself.
  const round = (await api(token, "GET", "/v1/survey-rounds?state=running")).items[0];
  const target = (await api(token, "GET", `/v1/survey-rounds/${round.id}/missed`)).items.find(({ state }) => state === "refused");
  const visit = { round_id: round.id, household_id: target.household_id, channel: "phone", result: "reached", occurred_at: `${DAY}T20:40:00+08:00`, members: target.members.map(({ person_id }) => ({ person_id, status: "present" })) };
  await api(token, "POST", "/v1/survey-visits", visit);
  await page.getByText("已查 599 / 600 户").waitFor({ timeout: 15_000 });
  await missed(page, 1);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#coverage-lines .stacked").first().isVisible(), true);
  assert.equal(await page.locator("#coverage-missed tbody tr").first().isVisible(), true);
  await page.pdf({ path: join(shots, "coverage.pdf"), format: "A4" });
  await page.emulateMedia({ media: null });
  await page.click('#tabs a[data-name="overview"]');
  await ready(page, "overview");
}

// A surveyor's telephone: what is left of the own share stands first, and nothing is wider than 360 points.
async function surveyor(browser, locale, expected, name) {
  const context = await browser.newContext({ viewport: { width: 360, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale });
  const { page, faults } = await open(context, `/?on=${DAY}`);
  await signIn(page, "demo.grid.2");
  await page.locator("#mine .big").waitFor();
  assert.equal(await page.locator("#mine .big").innerText(), expected);
  await page.locator(".tiles").waitFor();
  const top = async (selector) => (await page.locator(selector).boundingBox()).y;
  assert.ok((await top("#mine")) < (await top(".tiles")), "first");
  assert.equal(await page.locator("#mine tbody tr").count(), 1);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `nothing is wider than the phone: ${width}`);
  await page.screenshot({ path: join(shots, name), fullPage: true });
  await page.click('#tabs a[data-name="households"]');
  await ready(page, "households");
  await page.locator("#coverage-missed tbody tr").first().waitFor();
  assert.match(await page.locator("#coverage-missed tbody").innerText(), /网格员2/, "whose it is");
  assert.match(await page.locator("#coverage-total").innerText(), /149/, "the own village, no more");
  assert.deepEqual(faults, []);
  await context.close();
}

export async function surveyors(browser, accounts) {
  const once = (username) => accounts.find((one) => one.username === username).one_time_password;
  for (const username of ["demo.grid.2", "demo.gate.1"]) await signedIn(username, once(username));
  await surveyor(browser, "zh-CN", "今天还有 1 户", "surveyor-zh.png");
  await surveyor(browser, "en-GB", "Households left today: 1", "surveyor-en.png");
  const context = await browser.newContext(DESKTOP);
  const { page } = await open(context, `/?on=${DAY}`);
  await signIn(page, "demo.gate.1");
  await ready(page, "overview");
  assert.equal(await page.locator('#tabs a[data-name="households"]').count(), 0, "no tab for who may not see it");
  await context.close();
}

// The documentation: the reference is drawn within its policy, says what the document says in both languages, and every link
// in it leads somewhere here. How soon it and Swagger UI can be read is told; what is asserted doesn't depend on the machine.
import assert from "node:assert/strict";
import { DESKTOP, PHONE, noBarriers, open, origin, shots } from "./support.mjs";

/** Until somebody can read: milliseconds since the navigation began, and kilobytes over the air. */
async function readable(browser, path, selector) {
  const times = [];
  let bytes = 0;
  for (let run = 0; run < 3; run += 1) {
    const context = await browser.newContext(DESKTOP);
    const page = await context.newPage();
    const client = await context.newCDPSession(page);
    await client.send("Network.enable");
    bytes = 0;
    client.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
    await page.goto(origin + path, { waitUntil: "commit" });
    await page.locator(selector).first().waitFor({ timeout: 60_000 });
    // Drawn, not only made: two frames later.
    times.push(await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))); })));
    await context.close();
  }
  return { ms: Math.round(times.sort((one, other) => one - other)[1]), kilobytes: Math.round(bytes / 1024) };
}

const shown = (page, hash) => page.waitForFunction((wanted) => document.body.dataset.ready === wanted, hash, { timeout: 20_000 });

async function go(page, hash) {
  await page.evaluate((wanted) => { location.hash = wanted; }, hash);
  await shown(page, hash);
}

export async function documentation(browser) {
  for (const [name, path, selector] of [["Swagger UI", "/docs/", ".opblock-tag"], ["the reference", "/docs/reference/", "body[data-ready]"], ["an operation of it", "/docs/reference/#/operation/create_screening", "body[data-ready]"]]) {
    const { ms, kilobytes } = await readable(browser, path, selector);
    console.log(`${name}: ready after ${ms} ms (median of three), ${kilobytes} KB`);
    if (name !== "Swagger UI") assert.ok(kilobytes < 800, `${kilobytes} KB`);
  }
  const { page, faults } = await open(await browser.newContext(DESKTOP), "/docs/reference/");
  await shown(page, "#/");
  const document = await (await fetch(`${origin}/openapi.json`)).json();
  const text = () => page.locator("main").innerText();

  // Every link, of every page: none leads nowhere, none leads elsewhere.
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item)).filter((one) => one.operationId);
  const some = operations.filter((_, place) => place % 12 === 0).map((one) => `#/operation/${one.operationId}`);
  const seen = new Set(["#/"]);
  for (const hash of ["#/", "#/roles", "#/codes", ...document.tags.map((tag) => `#/tag/${tag.name}`), ...some]) {
    await go(page, hash);
    const hrefs = await page.evaluate(() => [...globalThis.document.querySelectorAll("a")].map((link) => link.getAttribute("href")));
    hrefs.forEach((href) => seen.add(href));
  }
  for (const one of operations) assert.ok(seen.has(`#/operation/${one.operationId}`), `no link to ${one.operationId}`);
  const missing = await page.evaluate((hrefs) => hrefs.filter((href) => globalThis.reference.leadsNowhere(href)), [...seen].filter((href) => href.startsWith("#")));
  assert.deepEqual(missing, []);
  for (const path of new Set([...seen].filter((href) => !href.startsWith("#")).map((href) => href.split("#")[0]))) {
    assert.ok(path.startsWith("/") && (await fetch(origin + path)).ok, path);
  }

  await go(page, "#/operation/create_screening");
  if (await page.getAttribute("html", "lang") === "en") await page.click("#language");
  for (const words of ["登记问检登", "体温", "谁可以用", "create_screening", "place_id", "idempotency_key_reused", "门岗"]) {
    assert.ok((await text()).includes(words), `${words} is missing`);
  }
  await noBarriers(page, "an operation of the reference");
  await page.screenshot({ path: `${shots}/reference-operation.png`, fullPage: true });
  await page.click("#language");
  assert.ok(/Create a screening/.test(await text()) && /Temperature/.test(await text()));
  await go(page, "#/roles");
  await noBarriers(page, "roles of the reference");
  await page.screenshot({ path: `${shots}/reference-roles.png` });
  assert.ok(/District command/.test(await text()));
  const screenings = await page.locator("tr", { has: page.locator("a[href='#/tag/screenings']") }).innerText();
  assert.match(screenings, /^screenings\s+R W C/, "the district command reads, writes and counts");
  await page.fill("#search", "体温");
  assert.ok(/temperature_c/.test(await text()));
  await page.fill("#search", "if_match");
  await page.click("main a[href='#/codes/if_match_required']");
  await shown(page, "#/codes/if_match_required");
  assert.ok(/Amend a screening/.test(await text()));
  await go(page, "#/");
  await noBarriers(page, "the reference");
  await page.screenshot({ path: `${shots}/reference.png` });
  assert.deepEqual(faults, []);
  await page.context().close();

  const phone = await open(await browser.newContext(PHONE), "/docs/reference/#/operation/push_sync");
  await shown(phone.page, "#/operation/push_sync");
  const overflows = await phone.page.evaluate(() => globalThis.document.documentElement.scrollWidth > innerWidth);
  assert.ok(!overflows, "a phone needn't be scrolled sideways");
  await phone.page.screenshot({ path: `${shots}/reference-phone.png` });
  assert.deepEqual(phone.faults, []);
  await phone.page.context().close();
}

// How fast the first view is on a slow phone, and what it and polling cost. The figures are told; what is asserted is
// what doesn't depend on the machine: bytes and statuses.
import assert from "node:assert/strict";
import { DAY, PHONE, open, origin, ready, signIn } from "./support.mjs";

// Fast 3G as Lighthouse has it, and as the developer tools do (its latency is for each request).
const NETS = [["150 ms", 150, 1638.4], ["562 ms", 562.5, 1474.6]];

export async function speed(browser, user) {
  for (const [name, latency, kilobits] of NETS) {
    const context = await browser.newContext(PHONE);
    const { page } = await open(context, `/?on=${DAY}&lang=zh`);
    await signIn(page, user);
    await ready(page, "overview");
    const session = await page.evaluate(() => ({ ...sessionStorage }));
    // A first visit: nothing of the page is known, only the session.
    const fresh = await browser.newContext(PHONE);
    await fresh.addInitScript((kept) => Object.entries(kept).forEach(([key, value]) => { if (!sessionStorage.getItem(key)) sessionStorage.setItem(key, value); }), session);
    const slow = await fresh.newPage();
    const client = await fresh.newCDPSession(slow);
    await client.send("Network.enable");
    await client.send("Network.emulateNetworkConditions", { offline: false, latency, downloadThroughput: (kilobits * 1024) / 8, uploadThroughput: (750 * 1024) / 8 });
    await client.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    let bytes = 0;
    client.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
    const measured = async () => {
      await slow.locator("#tile-screened .big").waitFor({ timeout: 30_000 });
      const tiles = await slow.evaluate(() => performance.now());
      const paint = await slow.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);
      const atTiles = bytes;
      await ready(slow, "overview");
      return { paint: Math.round(paint), tiles: Math.round(tiles), bytes: atTiles, all: bytes };
    };
    await slow.goto(`${origin}/?on=${DAY}&lang=zh`, { waitUntil: "commit" });
    const first = await measured();
    bytes = 0;
    await slow.goto(`${origin}/?on=${DAY}&lang=zh`, { waitUntil: "commit" });
    const again = await measured();
    console.log(`Fast 3G (${name}), 4x CPU: first paint ${first.paint} ms, first figures ${first.tiles} ms, ${(first.bytes / 1024).toFixed(0)} KB then, ${(first.all / 1024).toFixed(0)} KB in all; again: paint ${again.paint} ms, figures ${again.tiles} ms, ${(again.all / 1024).toFixed(0)} KB`);
    assert.ok(first.all <= 150 * 1024, `${first.all} bytes`);
    await fresh.close();
    await context.close();
  }
}

export async function polling(page) {
  await page.goto(`${origin}/?on=${DAY}&lang=zh`);
  await ready(page, "overview");
  await page.waitForTimeout(1500);
  const answers = [];
  page.on("response", (response) => response.url().includes("/v1/stats/") && answers.push(response.status()));
  await page.evaluate(() => document.getElementById("day-before").click());
  await page.waitForTimeout(2500);
  answers.length = 0;
  await page.evaluate(() => document.getElementById("day-after").click());
  await page.waitForTimeout(2500);
  assert.ok(answers.length > 8 && answers.every((status) => status === 304), `unchanged figures cost 304s: ${answers}`);
}

// Each tab in both widths and languages: it is whole, nothing is wider than the screen, axe finds nothing.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DAY, DESKTOP, PHONE, noBarriers, open, ready, shots, signIn } from "./support.mjs";

export async function look(browser, user) {
  for (const [width, options] of [["desktop", DESKTOP], ["phone", PHONE]]) {
    const context = await browser.newContext(options);
    const { page, faults } = await open(context, `/?on=${DAY}&lang=zh`);
    await noBarriers(page, `sign-in ${width}`);
    await signIn(page, user);
    await ready(page, "overview");
    // Offered once the service said that it has templates.
    await page.locator('#tabs a[data-name="bulletin"]').waitFor();
    const tabs = await page.$$eval("#tabs a", (links) => links.map((link) => link.dataset.name));
    assert.ok(["overview", "behind", "trend", "map", "checkpoints", "observation", "households", "supply", "volunteers", "stocks", "compounds", "venues", "communities", "reporting", "bulletin"].every((name) => tabs.includes(name)), tabs.join());
    for (const language of ["zh", "en"]) {
      for (const tab of tabs) {
        if (await page.evaluate(() => document.documentElement.lang.slice(0, 2)) !== language) await page.click("#language");
        await page.click(`#tabs a[data-name="${tab}"]`);
        await ready(page, tab);
        await page.waitForTimeout(350);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= options.viewport.width, `${tab} ${width} ${language} is ${wide} wide`);
        await noBarriers(page, `${tab} ${width} ${language}`);
        await page.screenshot({ path: join(shots, `${width}-${language}-${tab}.png`), fullPage: true });
      }
    }
    assert.deepEqual(faults, [], width);
    await context.close();
  }
}

// On paper nothing is cut: no box scrolls, charts fit, the tabs and filters are gone.
export async function onPaper(page) {
  await page.emulateMedia({ media: "print" });
  const cut = await page.evaluate(() => [...document.querySelectorAll(".scroll, .panel, .chart, main")].filter((node) => node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== "visible").map((node) => node.className));
  assert.deepEqual(cut, []);
  assert.equal(await page.locator("#tabs").isVisible(), false);
  await page.pdf({ path: join(shots, "overview.pdf"), format: "A4", landscape: true, printBackground: false });
  await page.emulateMedia({ media: null });
}

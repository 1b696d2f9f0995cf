// The page in a real browser: signs in through the form, looks at every tab in both widths and languages, follows every
// figure to its records, keeps its place and its session, sees a POST within two seconds, and is measured on a slow
// phone. The documentation is read as well. SERVICE_BINARY says what to run; screenshots go to target/page.
import assert from "node:assert/strict";
import { bulletin, certificate } from "./bulletin.mjs";
import { documentation } from "./documentation.mjs";
import { look, onPaper } from "./look.mjs";
import { numbers, ways } from "./numbers.mjs";
import { ownRooms, rooms } from "./rooms.mjs";
import { coverage, surveyors } from "./rounds.mjs";
import { keeps, others, ownShapes, twice } from "./session.mjs";
import { polling, speed } from "./speed.mjs";
import { DAY, DESKTOP, PASSWORD, api, browser, ended, open, ready, run, serve, shots, signIn, signedIn } from "./support.mjs";

const COMMAND = "demo.command";

// What is posted elsewhere shows by itself.
async function hears(page, token) {
  const count = async () => Number((await page.locator("#tile-screened .big").innerText()).replace(/\D/g, ""));
  const before = await count();
  const places = await api(token, "GET", "/v1/places?kind=compound_gate&limit=1");
  // Streams of pages that were left are still counted for a while.
  await page.waitForFunction(() => document.getElementById("live").className === "on", null, { timeout: 60_000 });
  await api(token, "POST", "/v1/screenings", { place_id: places.items[0].id, direction: "in", occurred_at: `${DAY}T20:59:00+08:00`, temperature_c: "36.4", answers: ["none"], person: { name: "王五", phone: "15499999999" } });
  const posted = Date.now();
  await page.waitForFunction((known) => Number(document.querySelector("#tile-screened .big").textContent.replace(/\D/g, "")) === known + 1, before, { timeout: 4000 });
  console.log(`a POST shows after ${Date.now() - posted} ms`);
}

async function main() {
  const service = await serve();
  let chrome = null;
  try {
    const { accounts } = run("demo");
    const once = accounts.find(({ username }) => username === COMMAND).one_time_password;
    chrome = await browser();
    const context = await chrome.newContext(DESKTOP);
    const { page, faults } = await open(context, `/?on=${DAY}&lang=zh`);
    await signIn(page, COMMAND, once);
    await page.locator("#new-password").waitFor();
    await page.fill("input[name=new_password]", PASSWORD);
    await signIn(page, COMMAND, once);
    await ready(page, "overview");
    const token = await signedIn(COMMAND, once);
    await numbers(page, token);
    await ways(page);
    await rooms(page);
    await keeps(page);
    await page.goto(page.url().replace(/\?.*/, `?on=${DAY}&lang=zh`));
    await ready(page, "overview");
    await hears(page, token);
    await coverage(page, token);
    await surveyors(chrome, accounts);
    await bulletin(page, token);
    await certificate(page, token);
    await onPaper(page);
    await polling(page);
    await twice(context, page);
    assert.deepEqual(faults, []);
    await context.close();
    await look(chrome, COMMAND);
    await others(chrome, accounts, token);
    await ownRooms(chrome, accounts);
    await speed(chrome, COMMAND);
    await documentation(chrome);
    const last = await open(await chrome.newContext(DESKTOP), `/?on=${DAY}&lang=zh`);
    await signIn(last.page, COMMAND);
    await ready(last.page, "overview");
    await ownShapes(last.page);
    assert.deepEqual(last.faults, []);
  } finally {
    await chrome?.close();
    await ended(service);
  }
}

await main();
console.log(`The page works; screenshots are in ${shots}`);

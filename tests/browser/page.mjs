// The page in a real browser: signs in through the form, sees a figure change within two seconds of a POST,
// drills down, opens the records behind a figure, works with a statistics key, on a phone and in English.
// SERVICE_BINARY says what to run; screenshots go to target/page.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const { chromium } = createRequire(join(root, "target/browser/"))("playwright-core");
const binary = process.env.SERVICE_BINARY ?? join(root, "target/debug/lianfang");
const folder = mkdtempSync(join(tmpdir(), "lianfang-page-"));
const shots = join(root, "target/page");
const origin = "http://127.0.0.1:18109";
const DAY = "2020-02-02";
const FIRST = { username: "demo.command", password: "Yucheng-2020-winter" };
mkdirSync(shots, { recursive: true });

const run = (...words) => JSON.parse(execFileSync(binary, [...words, "--json", "--data-dir", folder], { encoding: "utf8" }));

async function api(token, method, path, body) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const response = await fetch(origin + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  return response.json();
}

async function serve() {
  const service = spawn(binary, ["serve", "--listen", "127.0.0.1:18109", "--data-dir", folder], { stdio: "ignore" });
  for (let tries = 0; tries < 300; tries += 1) {
    const ready = await fetch(`${origin}/readyz`).then((response) => response.ok, () => false);
    if (ready) return service;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error("the service doesn't get ready");
}

const tile = (page, name) => page.locator(`#tile-${name} .big`);
const count = async (page, name) => Number((await tile(page, name).innerText()).replace(/\D/g, ""));

async function open(browser, options, path) {
  const page = await (await browser.newContext(options)).newPage();
  const faults = [];
  page.on("console", (message) => message.type() === "error" && !/40[13]/.test(message.text()) && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => request.url().startsWith(origin) || request.url().startsWith("data:") || faults.push(`asks ${request.url()}`));
  await page.goto(origin + path);
  return { page, faults };
}

async function signIn(page, name, password) {
  await page.fill("input[name=username]", name);
  await page.fill("input[name=password]", password);
  await page.click("#sign-in button[type=submit]");
}

async function main() {
  const service = await serve();
  let browser = null;
  try {
    const { accounts } = run("demo");
    const once = accounts.find(({ username }) => username === FIRST.username).one_time_password;
    browser = await chromium.launch({
      executablePath: process.env.BROWSER ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update", "--disable-sync"],
    });
    const desktop = { viewport: { width: 1360, height: 980 }, locale: "zh-CN" };
    const { page, faults } = await open(browser, desktop, `/?on=${DAY}`);
    await signIn(page, FIRST.username, once);
    await page.fill("input[name=new_password]", FIRST.password);
    await signIn(page, FIRST.username, once);
    await tile(page, "screened").waitFor();
    await page.waitForFunction(() => /\d/.test(document.querySelector("#tile-screened .big").textContent));
    await page.screenshot({ path: join(shots, "desktop-zh.png"), fullPage: true });

    const pair = await (await fetch(`${origin}/v1/auth/login`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(FIRST) })).json();
    const places = await api(pair.access_token, "GET", "/v1/places?kind=compound_gate&limit=1");
    const before = await count(page, "screened");
    const passage = { place_id: places.items[0].id, direction: "in", occurred_at: `${DAY}T20:59:00+08:00`, temperature_c: "36.4", answers: ["none"], person: { name: "王五", phone: "15499999999" } };
    await page.waitForFunction(() => document.getElementById("live").className === "on");
    await api(pair.access_token, "POST", "/v1/screenings", passage);
    const posted = Date.now();
    await page.waitForFunction((known) => Number(document.querySelector("#tile-screened .big").textContent.replace(/\D/g, "")) === known + 1, before, { timeout: 2000 });
    console.log(`a POST shows after ${Date.now() - posted} ms`);

    await page.click("#tile-abnormal .figure");
    await page.locator("#records tbody tr").first().waitFor();
    assert.equal(await page.locator("#records tbody tr").count(), await count(page, "abnormal"));
    await page.screenshot({ path: join(shots, "records-zh.png") });
    await page.click("#records form button");
    const district = await count(page, "screened");
    await page.click("#areas .area");
    await page.waitForFunction((known) => Number(document.querySelector("#tile-screened .big").textContent.replace(/\D/g, "")) < known, district);
    assert.equal(await page.locator("#path button").count(), 1, "a way back to the district");
    await page.screenshot({ path: join(shots, "township-zh.png"), fullPage: true });
    await page.click("#language");
    await page.getByText("Screenings by hour").waitFor();
    await page.waitForFunction(() => document.getElementById("areas").textContent.includes("People screened"));
    await page.screenshot({ path: join(shots, "desktop-en.png"), fullPage: true });
    assert.deepEqual(faults, []);

    const phone = await open(browser, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, locale: "zh-CN" }, `/?on=${DAY}`);
    await signIn(phone.page, FIRST.username, FIRST.password);
    await phone.page.waitForFunction(() => /\d/.test(document.querySelector("#tile-screened .big")?.textContent ?? ""));
    const width = await phone.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 390, `nothing is wider than the phone: ${width}`);
    await phone.page.screenshot({ path: join(shots, "phone-zh.png"), fullPage: true });
    assert.deepEqual(phone.faults, []);

    const expires_at = new Date(Date.now() + 86_400_000).toISOString();
    const key = await api(pair.access_token, "POST", "/v1/api-keys", { name: "看板", role: "statistics_reader", area_code: "511802", scopes: ["statistics"], expires_at });
    const board = await open(browser, desktop, `/?on=${DAY}`);
    await signIn(board.page, key.key, "");
    await board.page.waitForFunction(() => /\d/.test(document.querySelector("#tile-screened .big")?.textContent ?? ""));
    assert.equal((await count(board.page, "screened")) % 5, 0, "rounded for a key without small numbers");
    assert.match(await tile(board.page, "abnormal").innerText(), /已隐去/);
    await board.page.screenshot({ path: join(shots, "key-zh.png"), fullPage: true });
    assert.deepEqual(board.faults, []);
  } finally {
    await browser?.close();
    service.kill("SIGTERM");
    await new Promise((done) => service.on("exit", done));
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
console.log(`The page works; screenshots are in ${shots}`);

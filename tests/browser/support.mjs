// A service with a demo district, a browser, and what the steps have in common.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");
const library = createRequire(join(root, "target/browser/"));
const { chromium } = library("playwright-core");
const axe = readFileSync(library.resolve("axe-core/axe.min.js"), "utf8");
const binary = process.env.SERVICE_BINARY ?? join(root, "target/debug/lianfang");
const folder = mkdtempSync(join(tmpdir(), "lianfang-page-"));
export const shots = join(root, "target/page");
const port = process.env.PAGE_PORT ?? "18109";
export const origin = `http://127.0.0.1:${port}`;
export const DAY = "2020-02-02";
export const PASSWORD = "Yucheng-2020-winter";
export const DESKTOP = { viewport: { width: 1280, height: 900 }, locale: "zh-CN" };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale: "zh-CN" };
mkdirSync(shots, { recursive: true });

export const run = (...words) => JSON.parse(execFileSync(binary, [...words, "--json", "--data-dir", folder], { encoding: "utf8" }));

export async function api(token, method, path, body) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const response = await fetch(origin + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  return { total: response.headers.get("total-count"), ...(response.status === 204 ? {} : await response.json()) };
}

// Signs in over HTTP, with a password of one's own from the first time on.
export async function signedIn(username, once) {
  const login = async (password) => fetch(`${origin}/v1/auth/login`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ username, password }) });
  const known = await login(PASSWORD);
  if (known.ok) return (await known.json()).access_token;
  const { access_token } = await (await login(once)).json();
  await api(access_token, "POST", "/v1/auth/password", { current_password: once, new_password: PASSWORD });
  return access_token;
}

export async function serve() {
  const service = spawn(binary, ["serve", "--listen", `127.0.0.1:${port}`, "--data-dir", folder], { stdio: "ignore" });
  for (let tries = 0; tries < 600; tries += 1) {
    const ready = await fetch(`${origin}/readyz`).then((response) => response.ok, () => false);
    if (ready) return service;
    await new Promise((done) => { setTimeout(done, 200); });
  }
  throw new Error("the service doesn't get ready");
}

export async function ended(service) {
  service.kill("SIGTERM");
  await new Promise((done) => { service.on("exit", done); });
  rmSync(folder, { recursive: true, force: true });
}

export const browser = () => chromium.launch({
  executablePath: process.env.BROWSER ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update", "--disable-sync"],
});

// A page that notes what goes wrong in it. Refusals and limits are answers, not faults of the page.
export async function open(context, path) {
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && !/status of 4\d\d/.test(message.text()) && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => request.url().startsWith(origin) || request.url().startsWith("data:") || faults.push(`asks ${request.url()}`));
  await page.goto(origin + path);
  return { page, faults };
}

export async function signIn(page, name, password = PASSWORD) {
  await page.fill("input[name=username]", name);
  await page.fill("input[name=password]", password);
  await page.click("#sign-in button[type=submit]");
}

export const ready = (page, tab) => page.waitForFunction((name) => (document.getElementById("tab").dataset.ready ?? "").startsWith(`${name} `) && document.getElementById("tab").dataset.name === name, tab, { timeout: 20_000 });

export async function noBarriers(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")}`), [], `axe in ${where}`);
}

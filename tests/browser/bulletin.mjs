// A bulletin's life in the page: frozen, corrected by what came late, on paper, withdrawn; and the certificate of a case
// whose days are over.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DAY, api, origin, ready, shots } from "./support.mjs";

const paper = async (page) => {
  await page.waitForFunction(() => document.getElementById("paper").dataset.ready);
  const text = await page.evaluate(() => document.querySelector(".sheet").shadowRoot.textContent);
  await page.click("#paper-close");
  return text;
};

export async function bulletin(page, token) {
  await page.goto(`${origin}/?on=${DAY}&lang=zh&tab=bulletin`);
  await ready(page, "bulletin");
  const said = await page.locator("#bulletin .bulletin").innerText();
  await page.click("#freeze");
  await page.locator("#corrections").waitFor();
  assert.equal(await page.locator("#bulletin .bulletin").innerText(), said, "an edition says what its preview said");
  assert.match(await page.locator("#corrections").innerText(), /数据与发布时一致/);
  assert.equal(await page.locator("#editions tbody tr.chosen").count(), 1);
  // A passage told late: the edition stays, the correction says by which record.
  const places = await api(token, "GET", "/v1/places?kind=compound_gate&limit=1");
  await api(token, "POST", "/v1/screenings", { place_id: places.items[0].id, direction: "in", occurred_at: `${DAY}T07:01:00+08:00`, temperature_c: "36.5", answers: ["none"], person: { name: "赵六", phone: "15499999998" } });
  await page.reload();
  await page.locator("#corrections tbody tr").first().waitFor();
  assert.match(await page.locator("#corrections").innerText(), /\+1/);
  assert.equal(await page.locator("#bulletin .bulletin").innerText(), said);
  await page.screenshot({ path: join(shots, "edition-zh.png"), fullPage: true });
  await page.click("#bulletin-paper");
  assert.match(await paper(page), /雨城区/);
  await page.click("#bulletin summary");
  await page.fill("#bulletin input[name=reason]", "数据有误");
  await page.click("#bulletin form button[type=submit]");
  await page.getByText("已撤回", { exact: false }).first().waitFor();
  assert.equal(await page.locator("#bulletin summary").count(), 0, "nothing is withdrawn twice");
  await page.click("#bulletin .filters button.quiet");
  await page.locator("#freeze").waitFor();
}

export async function certificate(page, token) {
  const cases = await api(token, "GET", "/v1/isolation-cases?state=under_observation&limit=200");
  // Days before anybody knew of the case count only where records show them: the one that was known soonest.
  const unknown = ({ starts_on, notified_at }) => Date.parse(notified_at) - Date.parse(`${starts_on}T00:00:00+08:00`);
  const over = cases.items.filter(({ release_from, notified_at }) => release_from && notified_at).sort((one, other) => unknown(one) - unknown(other))[0];
  // The readings of all its days, of which the demo leaves some open; then the release.
  for (let day = new Date(`${over.starts_on}T00:00:00Z`); day < new Date(`${over.release_from.slice(0, 10)}T00:00:00Z`); day.setUTCDate(day.getUTCDate() + 1)) {
    for (const [slot, hour] of [["am", "08"], ["pm", "16"]]) {
      const reading = { case_id: over.id, slot, temperature_c: "36.5", measure_site: "axillary", device: "mercury", symptoms: ["none"], occurred_at: `${day.toISOString().slice(0, 10)}T${hour}:30:00+08:00` };
      await api(token, "POST", "/v1/temperature-readings", reading);
    }
  }
  await api(token, "POST", "/v1/isolation-case-transitions", { case_id: over.id, to: "completed", occurred_at: `${over.release_from.slice(0, 10)}T10:00:00+08:00` });
  await page.goto(`${origin}/?on=${DAY}&lang=zh&tab=observation&drill=${encodeURIComponent(`个案|/v1/isolation-cases?state=completed`)}`);
  await page.locator("#drill-body tbody button").first().click();
  await page.click("#certificate");
  assert.match(await paper(page), /解除/);
}

// The page: signs in, reads, follows changes, and reads again what changed.
import { follow, get, getAllowed, isKey, signIn, signOut } from "./api.js";
import { hours } from "./charts.js";
import { areas, missed, path, prices, records } from "./panels.js";
import { say, switchLanguage, translate } from "./texts.js";
import { states, tiles } from "./tiles.js";

const byId = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
let area = asked.get("area");
let district = null;
let trail = [];
let commodities = new Map();
let head = 0;
let stopped = new AbortController();
let pending = null;
let lastRead = 0;
// Whether the stream tells of what the figures count: keys have none, and who reads figures only gets next to
// nothing of it.
let streams = false;
// Between two readings, however much is written: the figures of a page are some ten requests.
const PAUSE_MS = 1000;

// Today where the service is: Chinese districts keep one time.
const today = () => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());
const day = () => byId("on").value || today();

function fail(problem) {
  byId("problem").textContent = problem.message;
  byId("problem").hidden = false;
}

async function read() {
  lastRead = Date.now();
  const scope = area ? `&area_code=${area}` : "";
  const on = `from_on=${day()}&to_on=${day()}${scope}`;
  const of = (kind, query) => getAllowed(`/v1/stats/${kind}?${query}`);
  const [screenings, byHour, byArea, cases, readings, completeness, disinfections, publicity, inspections, found] = await Promise.all([
    of("screenings", `${on}&by=total`), of("screenings", `${on}&by=hour`), of("screenings", `${on}&by=area`),
    of("isolation-cases", `cumulative=true&to_on=${day()}${scope}`), of("temperature-readings", `${on}&by=total`), of("completeness", `${on}&by=kind`),
    of("disinfections", `${on}&by=total`), of("publicity-activities", `${on}&by=total`), of("inspections", `${on}&by=total`),
    of("prices", on),
  ]);
  tiles({ screenings, readings, completeness, disinfections, publicity, inspections });
  hours(byHour, byHour ? null : await of("screenings", `from_on=${day().slice(0, 8)}01&to_on=${day()}${scope}&by=day`));
  byId("hours-title").textContent = say(byHour ? "hours" : "daysOfMonth");
  states(cases);
  areas(byArea, open);
  prices(found, commodities);
  missed(completeness);
  const told = [screenings, byArea, completeness].find(Boolean);
  head = told?.as_of_change_no ?? head;
  byId("footer").textContent = `${say("asOf", { head, time: new Date().toLocaleTimeString() })} · ${say("privacy")}`;
  byId("problem").hidden = true;
}

// One read at a time; what changes meanwhile is read right after.
let reading = null;
let again = false;
function refresh() {
  if (reading) {
    again = true;
    return reading;
  }
  reading = read().catch(fail).finally(() => {
    reading = null;
    if (again) {
      again = false;
      refresh();
    }
  });
  return reading;
}

function soon() {
  const wait = Math.max(200, lastRead + PAUSE_MS - Date.now());
  pending ??= setTimeout(() => { pending = null; refresh(); }, wait);
}

async function open(code) {
  area = code === district ? null : code;
  await locate();
  await refresh();
}

// The way from the district down to the area.
async function locate() {
  trail = [];
  for (let code = area ?? district; code && code.length >= 6; ) {
    const division = await get(`/v1/divisions/${code}`);
    trail.unshift(division);
    code = division.code === district ? null : division.parent_code;
  }
  path(trail, open);
  byId("title").textContent = say("title", { district: trail[0]?.name ?? "" });
  document.title = byId("title").textContent;
}

// Follows the stream where it tells enough; else asks every five seconds, mostly answered 304.
async function live() {
  stopped.abort();
  stopped = new AbortController();
  const { signal } = stopped;
  while (!signal.aborted) {
    byId("live").className = streams ? "on" : "poll";
    byId("live").textContent = say(streams ? "live" : "polling");
    try {
      if (streams) await follow(head, signal, soon);
      else await new Promise((resolve) => setTimeout(resolve, 5000)).then(() => signal.aborted || soon());
    } catch (problem) {
      if (signal.aborted) return;
      byId("live").className = "off";
      byId("live").textContent = say("offline");
      await new Promise((resolve) => setTimeout(resolve, 2000));
      soon();
    }
  }
}

// At midnight the day is another one.
let lastDay = today();
setInterval(() => {
  if (today() === lastDay) return;
  if (byId("on").value === lastDay) byId("on").value = today();
  lastDay = today();
  if (district) refresh();
}, 1000);

async function begin() {
  const me = await get("/v1/auth/me");
  district = me.districts?.[0] ?? me.roles?.[0]?.area_code?.slice(0, 6);
  streams = !isKey() && me.roles.some((grant) => grant.role !== "statistics_reader");
  const own = me.roles?.map((grant) => grant.area_code) ?? [];
  if (!area && own.length === 1 && own[0].length > 6) area = own[0];
  // Whoever is of several districts looks at one; its own goods have names only there.
  const list = await getAllowed(me.districts?.length > 1 ? `/v1/commodities?district_code=${district}` : "/v1/commodities");
  const name = document.documentElement.lang === "en" ? "name_en" : "name_zh";
  commodities = new Map((list?.items ?? []).map((item) => [item.code, item[name]]));
  byId("sign-in").hidden = true;
  byId("board").hidden = false;
  byId("tools").hidden = false;
  await locate();
  await refresh();
}

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { username, password, new_password } = Object.fromEntries(new FormData(event.target));
  try {
    const { needsPassword } = await signIn(username, password, new_password);
    byId("new-password").hidden = !needsPassword;
    if (needsPassword) return fail(new Error(say("passwordFirst")));
    event.target.reset();
    byId("problem").hidden = true;
    await begin();
    live();
  } catch (problem) {
    fail(problem);
  }
});
byId("sign-out").addEventListener("click", async () => {
  stopped.abort();
  await signOut().catch(fail);
  district = null;
  byId("board").hidden = true;
  byId("tools").hidden = true;
  byId("sign-in").hidden = false;
});
byId("language").addEventListener("click", async () => {
  switchLanguage();
  if (district) await begin();
});
byId("on").addEventListener("change", () => refresh());
document.addEventListener("records", ({ detail }) => records(detail.url, detail.label).catch(fail));

byId("on").value = asked.get("on") ?? today();
translate();
byId("title").textContent = say("title", { district: "" });

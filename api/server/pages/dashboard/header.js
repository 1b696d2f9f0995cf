// The header: where one is, which day, which tabs there are.
import { getAllowed } from "./api.js";
import { button, byId, element } from "./dom.js";
import { go, goTo, state, today } from "./state.js";
import * as overview from "./tabs/overview.js";
import { say } from "./texts.js";

// The way from the district down to the area.
export async function locate(board) {
  const trail = [];
  for (let code = state.area ?? board.own ?? board.district; code && code.length >= 6; ) {
    const division = await getAllowed(`/v1/divisions/${code}`);
    if (!division) break;
    trail.unshift(division);
    code = division.code === board.district ? null : division.parent_code;
  }
  board.trail = trail;
  const step = ({ code, name }, index) => index === trail.length - 1
    ? element("strong", { textContent: name, "aria-current": "true" })
    : button(name, () => go({ area: code === board.district ? null : code }));
  byId("path").setAttribute("aria-label", say("area"));
  byId("path").replaceChildren(...trail.flatMap((area, index) => (index ? [" › ", step(area, index)] : [step(area, index)])));
  byId("path").hidden = trail.length < 2;
  byId("title").textContent = say("title", { district: trail[0]?.name ?? "" });
  const tab = say(`tab_${state.tab}`);
  document.title = `${tab} · ${byId("title").textContent}`;
}

export function drawTabs(tabs) {
  const item = ({ name }) => element("a", { href: `?tab=${name}`, textContent: say(`tab_${name}`), "data-name": name, "aria-current": String(name === state.tab) === "true" ? "page" : "false", onclick: (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goTo(name);
  } });
  byId("tabs").setAttribute("aria-label", say("tabs"));
  byId("tabs").replaceChildren(...tabs.map(item));
  byId("tabs").hidden = tabs.length < 2;
}

export function drawDay() {
  byId("on").value = state.day;
  byId("on").max = today();
  byId("day-after").disabled = state.isToday;
  byId("to-today").hidden = state.isToday;
  byId("day-before").setAttribute("aria-label", say("dayBefore"));
  byId("day-after").setAttribute("aria-label", say("dayAfter"));
}

// Tabs: each by theme, for whoever may ask what it shows. `needs` names the operations of which one must be the
// caller's (GET /v1/auth/me). A module is read when its tab is first opened.
export const TABS = [
  { name: "overview", needs: null, load: async () => overview },
  { name: "behind", needs: ["list_missed"], load: () => import("./tabs/behind.js") },
  { name: "trend", needs: ["get_screenings_figures"], load: () => import("./tabs/trend.js") },
  { name: "map", needs: ["get_screenings_figures"], load: () => import("./tabs/map.js") },
  { name: "checkpoints", needs: ["list_screenings", "get_screenings_figures"], load: () => import("./tabs/checkpoints.js") },
  { name: "observation", needs: ["list_isolation_cases"], load: () => import("./tabs/observation.js") },
  { name: "households", needs: ["list_survey_rounds"], load: () => import("./tabs/households.js") },
  { name: "supply", needs: ["get_supply_statistics", "get_price_statistics"], load: () => import("./tabs/supply.js") },
  { name: "volunteers", needs: ["list_unfilled_shifts", "get_volunteer_statistics"], load: () => import("./tabs/volunteers.js") },
  { name: "stocks", needs: ["list_stocks"], load: () => import("./tabs/stocks.js") },
  { name: "compounds", needs: ["list_uncollected_mask_points", "list_compound_partnerships", "list_donations", "list_goods_given"], load: () => import("./tabs/compounds.js") },
  { name: "venues", needs: ["get_inspection_coverage", "list_rectifications", "get_banquets_figures"], load: () => import("./tabs/venues.js") },
  { name: "communities", needs: ["list_legal_groups", "get_disputes_figures", "get_incidents_figures", "get_tips_figures", "list_unchecked_corrections_subjects", "get_counseling_sessions_figures", "get_youth_works_figures", "get_travels_figures"], load: () => import("./tabs/communities.js") },
  { name: "reporting", needs: ["get_reporting", "get_work_logs_figures"], load: () => import("./tabs/reporting.js") },
  { name: "bulletin", needs: ["list_bulletins_templates", "preview_bulletin"], load: () => import("./tabs/bulletin.js"), probe: "/v1/bulletins/templates" },
];

export const may = (me, operations) => !operations || operations.some((operation) => me.operations.includes(operation));
export const offered = (me) => TABS.filter((tab) => may(me, tab.needs));

// What one looks at, in the address: day, area, tab, drill and a tab's own choices. Reload and back keep it, and a
// colleague who is sent the address sees the same, as far as he may.
const OWN = ["on", "area", "tab", "drill", "lang"];

// Today where the service is: Chinese districts keep one time.
export const today = () => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());

export function daysBefore(day, count) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() - count);
  return date.toISOString().slice(0, 10);
}

const read = () => new URLSearchParams(location.search);

export const state = {
  get day() {
    const on = read().get("on");
    return /^\d{4}-\d\d-\d\d$/.test(on ?? "") ? on : today();
  },
  get isToday() { return this.day === today(); },
  get area() { return read().get("area"); },
  get tab() { return read().get("tab") ?? "overview"; },
  get drill() { return read().get("drill"); },
  // A choice of the tab itself, as the commodity whose line is drawn.
  choice: (name) => read().get(name),
};

// Goes somewhere: null takes a part out. `replace` leaves no step to go back to.
export function go(changes, { replace = false } = {}) {
  const asked = read();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") asked.delete(name);
    else asked.set(name, value);
  }
  const text = asked.toString();
  history[replace ? "replaceState" : "pushState"](null, "", text ? `?${text}` : location.pathname);
  document.dispatchEvent(new CustomEvent("address", { detail: Object.keys(changes) }));
}

// Another tab: the choices of the one before mean nothing there.
export function goTo(tab, choices = {}) {
  const clear = [...read().keys()].filter((name) => !OWN.includes(name));
  go({ ...Object.fromEntries(clear.map((name) => [name, null])), drill: null, tab: tab === "overview" ? null : tab, ...choices });
}

window.addEventListener("popstate", () => document.dispatchEvent(new CustomEvent("address", { detail: null })));

// Texts of the page in both languages. Labels of figures come from the service, in the language asked for.
import { zh } from "./texts/zh.js";

// The other language is read by whoever wants it.
const TEXTS = { zh };
const LANGUAGES = ["zh", "en"];
const PLACE = "lianfang-language";

function first() {
  const asked = new URLSearchParams(location.search).get("lang");
  let known = null;
  try { known = localStorage.getItem(PLACE); } catch { known = null; }
  const found = asked ?? known ?? (navigator.language.startsWith("en") ? "en" : "zh");
  return LANGUAGES.includes(found) ? found : "zh";
}

async function learn(name) {
  TEXTS[name] ??= (await import(`./texts/${name}.js`))[name];
  return name;
}
let language = await learn(first());

export const tag = () => (language === "zh" ? "zh-CN" : "en");

export function say(name, values = {}) {
  const text = TEXTS[language][name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}
export const has = (name) => name in TEXTS[language];

export const number = (value) => new Intl.NumberFormat(tag()).format(value);
export const percent = (rate, digits = 1) => new Intl.NumberFormat(tag(), { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "exceptZero" }).format(rate);

// An instant as people say it: the service tells it in the district's zone, so its own digits are right.
export const moment = (instant) => (instant ? `${instant.slice(5, 10)} ${instant.slice(11, 16)}` : "–");
export const hourOf = (instant) => instant?.slice(11, 16) ?? "–";
export function dayText(day) {
  const [, month, date] = day.split("-").map(Number);
  return language === "zh" ? `${month}月${date}日` : new Intl.DateTimeFormat("en", { month: "short", day: "numeric", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}

// How long ago, from the end of the day one looks at or from now.
export function since(instant, until) {
  const minutes = Math.max(0, Math.round((until - new Date(instant)) / 60000));
  if (minutes < 60) return say("minutesAgo", { count: minutes });
  if (minutes < 48 * 60) return say("hoursAgo", { count: Math.floor(minutes / 60) });
  return say("daysAgo", { count: Math.floor(minutes / 1440) });
}

// Writes the page's own texts; the other language's name stands on the button.
export function translate(root = document) {
  document.documentElement.lang = tag();
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = say(node.dataset.text);
  const button = document.getElementById("language");
  button.textContent = language === "zh" ? "English" : "中文";
  button.lang = language === "zh" ? "en" : "zh-CN";
}

export async function switchLanguage() {
  language = await learn(language === "zh" ? "en" : "zh");
  try { localStorage.setItem(PLACE, language); } catch { /* The address keeps it. */ }
  translate();
  return language;
}

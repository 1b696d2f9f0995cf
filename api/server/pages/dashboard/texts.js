// Texts of the page in both languages. Labels of figures come from the service, in the language asked for.
const TEXTS = {
  zh: {
    title: "联防 · {district}疫情防控", skip: "跳至内容", day: "日期", signOut: "退出", documentation: "接口文档",
    signInTitle: "登录", username: "用户名或统计密钥(lf_…)", password: "密码", newPassword: "请设置新密码(至少 10 位)", signIn: "登录",
    keyHint: "使用统计密钥时无需密码;登录信息只留在本页,关闭即失效。", close: "关闭",
    hours: "分时登记", daysOfMonth: "本月逐日登记", states: "居家观察状态(现有)", areas: "下级区划", prices: "价格变动(较前一日)", missed: "未完成事项",
    screened: "登记人次", persons: "登记人数", abnormal: "异常人次", fevers: "观察对象发热", readings: "测温完成", stores: "商超已报", shifts: "班次到岗",
    disinfected: "消杀面积(㎡)", households: "入户宣传(户次)", inspections: "检查家次",
    before: "较前日", of: "应 {expected}", missedCount: "未完成 {count}", nothingDue: "当日无应办事项", none: "暂无数据",
    hidden: "已隐去", noRight: "此密钥无权查看", live: "实时", polling: "定时刷新", offline: "连接中断,正在重试",
    asOf: "截至变更号 {head} · 更新于 {time}", area: "区划", item: "事项", subject: "对象", due: "截止", where: "所在", unit: "单位",
    commodity: "商品", median: "中位价", change: "变动", allMissed: "全部清单", allDone: "无未完成事项", hour: "时",
    records: "{label}:明细(前 {count} 条)", at: "时间", details: "内容", asTable: "以表格查看", flag_abnormal: "异常", flag_complete: "问检登齐全", flag_mask: "戴口罩", flag_fever: "发热", flag_home_visit: "上门", privacy: "人员信息按规定脱敏;数字均可点开核对明细。",
    passwordFirst: "请先设置新密码。", readingsNote: "早晚两次",
  },
  en: {
    title: "Lianfang · {district} epidemic control", skip: "Skip to content", day: "Day", signOut: "Sign out", documentation: "API",
    signInTitle: "Sign in", username: "User name, or statistics key (lf_…)", password: "Password", newPassword: "Choose a password (10 or more)", signIn: "Sign in",
    keyHint: "A statistics key needs no password. What you enter stays in this page and is gone when it is closed.", close: "Close",
    hours: "Screenings by hour", daysOfMonth: "Screenings by day of the month", states: "Home observation, by state (now)", areas: "Areas below", prices: "Prices against the day before", missed: "What is missed",
    screened: "Person-times screened", persons: "People screened", abnormal: "Abnormal", fevers: "Fevers under observation", readings: "Readings taken", stores: "Stores reported", shifts: "Shifts manned",
    disinfected: "Disinfected (m²)", households: "Households reached", inspections: "Venues inspected",
    before: "day before", of: "of {expected}", missedCount: "{count} missed", nothingDue: "nothing due this day", none: "nothing yet",
    hidden: "hidden", noRight: "not for this key", live: "live", polling: "refreshed regularly", offline: "disconnected, trying again",
    asOf: "as of change {head} · {time}", area: "Area", item: "What", subject: "About", due: "Due", where: "Where", unit: "Organisation",
    commodity: "Commodity", median: "Median", change: "Change", allMissed: "The whole list", allDone: "Nothing is missed", hour: "h",
    records: "{label}: records (first {count})", at: "When", details: "Content", asTable: "As a table", flag_abnormal: "abnormal", flag_complete: "complete", flag_mask: "mask", flag_fever: "fever", flag_home_visit: "home visit", privacy: "People are masked. Every figure opens the records behind it.",
    passwordFirst: "Choose a password first.", readingsNote: "morning and evening",
  },
};

let language = new URLSearchParams(location.search).get("lang") || (navigator.language.startsWith("en") ? "en" : "zh");
if (!TEXTS[language]) language = "zh";

export const tag = () => (language === "zh" ? "zh-CN" : "en");

export function say(name, values = {}) {
  const text = TEXTS[language][name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

export function number(value) {
  return new Intl.NumberFormat(tag()).format(value);
}

// Writes the page's own texts; the other language's name stands on the button.
export function translate(root = document) {
  document.documentElement.lang = tag();
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  const button = document.getElementById("language");
  button.textContent = language === "zh" ? "English" : "中文";
  button.lang = language === "zh" ? "en" : "zh-CN";
}

export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  translate();
}

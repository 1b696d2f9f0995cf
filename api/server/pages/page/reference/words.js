// What the page itself says, in both languages, and which one is chosen.
import { rest } from "./model.js";

const WORDS = {
  search: ["Search operations, fields, codes", "搜索操作、字段、代码"],
  language: ["中文", "English"],
  overview: ["Overview", "概览"],
  rights: ["Roles and rights", "角色与权限"],
  codes: ["Codes of problems", "错误代码"],
  try: ["Try it out, signed in (Swagger UI)", "登录后试用（Swagger UI）"],
  tryOne: ["Try it out", "试用"],
  document: ["The document (OpenAPI 3.1)", "接口文档（OpenAPI 3.1）"],
  chapters: ["Chapters", "目录"],
  operations: ["operations", "个操作"],
  who: ["Who may", "谁可以用"],
  anybody: ["Anybody, signed in or not.", "任何人，无需登录。"],
  everybody: ["Whoever is signed in.", "所有登录用户。"],
  judges: ["Not for a store, a school or another organisation that is itself supervised.", "商店、学校等受监管单位不得办理。"],
  scope: ["Keys of programs: scope", "程序密钥：范围"],
  anyScope: ["any", "任意"],
  noScope: ["none, people only", "无，仅限人员账号"],
  request: ["Request", "请求"],
  answers: ["Answers", "答复"],
  parameter: ["Parameter", "参数"],
  field: ["Field", "字段"],
  type: ["Type", "类型"],
  about: ["About", "说明"],
  header: ["Header", "头"],
  required: ["required", "必填"],
  body: ["Body", "请求体"],
  example: ["Example", "示例"],
  status: ["Status", "状态码"],
  code: ["Code", "代码"],
  meaning: ["Meaning", "含义"],
  fields: ["Fields", "字段"],
  words: ["words", "个取值"],
  usedBy: ["Used by", "用于"],
  shape: ["Shape", "结构"],
  found: ["found", "条结果"],
  nothing: ["Nothing of that name.", "没有找到。"],
  reads: ["R reads, W writes, C counts (figures)", "R 读取，W 登记，C 统计"],
  inFull: ["In full, with what narrows each role", "全文，含各角色的限定"],
  others: ["Other operations", "其他操作"],
  raised: ["Answered by", "可能返回它的操作"],
  unreadable: ["The document can't be read: ", "无法读取接口文档："],
};

/** What operations that every kind has are called in Chinese: by the end of their path, and method. */
const VERBS = {
  "get ": "查询", "post ": "登记", "get /{id}": "查看", "patch /{id}": "修改", "post /{id}:void": "作废", "post /{id}:restore": "恢复",
  "post :batch": "批量登记", "post :batch-amend": "批量修改", "post :batch-void": "批量作废",
};

const kept = () => {
  try { return localStorage.getItem("lianfang-reference-language"); } catch { return null; }
};

let chinese = (kept() ?? navigator.language).startsWith("zh");

export const language = () => (chinese ? "zh-CN" : "en");

export function change() {
  chinese = !chinese;
  try { localStorage.setItem("lianfang-reference-language", language()); } catch { /* It holds until the page is left. */ }
}

export const say = (key) => WORDS[key][chinese ? 1 : 0];

/** One of two texts. */
export const either = (en, zh) => (chinese ? zh || en : en || zh);

/** "Note · 备注": the half that is wanted. */
export const label = (text) => (text ? either(...text.split(" · ")) : "");

/** "Signing in. 登录。": the half that is wanted. "A household. （户）": all of it, since the half in Chinese is its label alone. */
export function about(text) {
  // A Chinese word within an English sentence is followed by Latin letters again.
  const at = text.search(/[（\u3400-\u9fff][^A-Za-z]*$/);
  return at < 0 || text[at] === "（" ? text : either(text.slice(0, at).trim(), text.slice(at));
}

/** "居家观察 Observation at home". */
export const title = (text) => either(...(/^(\S+) (.*)$/.exec(text)?.slice(1).reverse() ?? [text, text]));

/** What a tag is called: a kind by its label. */
export const tagName = (tag) => either(tag.name, tag.kindLabel);

/** What an operation is called: in Chinese where every kind has it. */
export function called(operation, kindLabel) {
  if (!chinese || !kindLabel) return operation.summary;
  if (rest(operation) === "/{id}/revisions") return `${kindLabel}的历次版本`;
  const verb = VERBS[`${operation.method} ${rest(operation)}`];
  return verb ? verb + kindLabel : operation.summary;
}

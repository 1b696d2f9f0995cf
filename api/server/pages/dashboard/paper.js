// A paper of the service (a certificate, a day sheet, a bulletin), shown and printed from here: it needs the session,
// so a link alone doesn't open it. Its markup stands in a tree of its own, its style in a sheet made of it: the page's
// policy allows no inline style, and no script of a paper is ever run.
import { getText } from "./api.js";
import { byId, element } from "./dom.js";

const dialog = byId("paper");
let pageSheet = null;

const KEPT = new Set(["class", "colspan", "rowspan", "scope", "lang", "title", "d", "viewbox", "width", "height", "fill", "stroke", "stroke-width", "x", "y", "xmlns", "role", "aria-label", "href", "shape-rendering", "transform"]);

const STYLES = /<style[^>]*>([\s\S]*?)<\/style>/g;

// Markup without scripts, handlers and inline styles.
function cleaned(root) {
  for (const node of root.querySelectorAll("script, style, link, meta, iframe, object, embed, form")) node.remove();
  for (const node of root.querySelectorAll("*")) {
    for (const { name, value } of [...node.attributes]) {
      const leads = name === "href" && !/^(#|\/(?!\/)|\?)/.test(value);
      if (!KEPT.has(name.toLowerCase()) || leads) node.removeAttribute(name);
    }
  }
  return root;
}

function sheetOf(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}

export async function openPaper(path, title) {
  byId("paper-title").textContent = title;
  const body = byId("paper-body");
  body.replaceChildren();
  if (!dialog.open) dialog.showModal();
  try {
    const text = await getText(path);
    const css = [...text.matchAll(STYLES)].map(([, rules]) => rules).join("\n");
    // Taken out before it is parsed: a parser would already complain of inline style.
    const parsed = new DOMParser().parseFromString(text.replace(STYLES, "").replace(/ style="[^"]*"/g, ""), "text/html");
    const host = element("div", { className: "sheet", tabIndex: 0, role: "document", "aria-label": title });
    const root = host.attachShadow({ mode: "open" });
    // Rules for the whole page are the sheet's; how large the paper is, only the document itself can say.
    const page = css.match(/@page[^{]*\{[^}]*\}/g) ?? [];
    root.adoptedStyleSheets = [sheetOf(css.replace(/@page[^{]*\{[^}]*\}/g, "").replace(/(^|[\s,}])(?:html|body)(?=[\s,{])/g, "$1:host"))];
    pageSheet = sheetOf(page.join("\n"));
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, pageSheet];
    root.append(...cleaned(parsed.body).childNodes);
    body.replaceChildren(host);
    dialog.dataset.ready = path;
  } catch (problem) {
    body.replaceChildren(element("p", { role: "alert", className: "bad", textContent: problem.message }));
  }
}

dialog.addEventListener("close", () => {
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== pageSheet);
  delete dialog.dataset.ready;
  byId("paper-body").replaceChildren();
});
byId("paper-close").addEventListener("click", () => dialog.close());
byId("paper-print").addEventListener("click", () => window.print());

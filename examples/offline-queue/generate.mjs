// The part of the OpenAPI document that the queue needs: sync, conflicts, bytes of attachments, and signing in.
import { readFileSync } from "node:fs";

const api = JSON.parse(readFileSync(new URL("../../openapi/openapi.json", import.meta.url), "utf8"));
const others = ["/v1/attachments/{id}/content", "/v1/auth/login", "/v1/auth/refresh", "/v1/auth/password"];
const wanted = (path) => /^\/v1\/(sync|conflicts)\b/.test(path) || others.includes(path);
api.paths = Object.fromEntries(Object.entries(api.paths).filter(([path]) => wanted(path)));
const needed = new Set();
const visit = (value) => {
  if (value === null || typeof value !== "object") return;
  if (typeof value.$ref === "string" && !needed.has(value.$ref)) {
    needed.add(value.$ref);
    const [kind, name] = value.$ref.split("/").slice(-2);
    visit(api.components[kind][name]);
  }
  Object.values(value).forEach(visit);
};
visit(api.paths);
// What an attachment's record says, beside what the queue reads.
visit({ $ref: "#/components/schemas/NewAttachment" });
for (const kind of ["schemas", "responses", "parameters"]) {
  const kept = Object.entries(api.components[kind]).filter(([name]) => needed.has(`#/components/${kind}/${name}`));
  api.components[kind] = Object.fromEntries(kept);
}
console.log(JSON.stringify(api));

// The part of the OpenAPI document that the queue needs: sync, and signing in.
import { readFileSync } from "node:fs";

const api = JSON.parse(readFileSync(new URL("../../openapi/openapi.json", import.meta.url), "utf8"));
const wanted = (path) => path.startsWith("/v1/sync/") || ["/v1/auth/login", "/v1/auth/refresh", "/v1/auth/password"].includes(path);
api.paths = Object.fromEntries(Object.entries(api.paths).filter(([path]) => wanted(path)));
const needed = new Set();
const visit = (value) => {
  if (value === null || typeof value !== "object") return;
  const name = typeof value.$ref === "string" ? value.$ref.split("/").pop() : undefined;
  if (name && !needed.has(name)) {
    needed.add(name);
    visit(api.components.schemas[name]);
  }
  Object.values(value).forEach(visit);
};
visit(api.paths);
api.components.schemas = Object.fromEntries(Object.entries(api.components.schemas).filter(([name]) => needed.has(name)));
console.log(JSON.stringify(api));

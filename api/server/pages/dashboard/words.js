// Words of the vocabularies, and a district's commodities, read when they are first needed.
import { get, getAllowed } from "./api.js";
import { tag } from "./texts.js";

const read = new Map();

async function vocabularies() {
  const { items } = await get("/v1/vocabularies");
  const label = tag() === "en" ? "label_en" : "label_zh";
  return new Map(items.map((vocabulary) => [vocabulary.name, new Map(vocabulary.words.map((word) => [word.code, word[label]]))]));
}

// A function that gives the word of a code in a vocabulary; the code itself where there is none.
export async function words() {
  const name = `words ${tag()}`;
  if (!read.has(name)) read.set(name, vocabularies());
  const found = await read.get(name).catch((problem) => { read.delete(name); throw problem; });
  return (vocabulary, code) => found.get(vocabulary)?.get(code) ?? code;
}

// Names of commodities by code.
export async function commodities(district) {
  const name = `commodities ${tag()} ${district}`;
  if (!read.has(name)) read.set(name, getAllowed(`/v1/commodities?district_code=${district}`));
  const list = await read.get(name);
  const member = tag() === "en" ? "name_en" : "name_zh";
  return new Map((list?.items ?? []).map((item) => [item.code, item[member] ?? item.name_zh]));
}

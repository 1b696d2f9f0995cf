// Names for ids, asked for together and kept: places, organisations, accounts, and whom a record is about.
import { getAllowed } from "./api.js";

const known = new Map();
const MOST = 100;
// Kinds whose records the service names to nobody.
const NAMELESS = ["corrections_subjects", "corrections_checks", "counseling_sessions"];

// Asks for those of a kind that aren't known yet.
async function learn(kind, ids) {
  if (NAMELESS.includes(kind)) return;
  const wanted = [...new Set(ids.filter(Boolean))].filter((id) => !known.has(`${kind} ${id}`));
  for (let from = 0; from < wanted.length; from += MOST) {
    const part = wanted.slice(from, from + MOST);
    const found = await getAllowed(`/v1/names?kind=${kind}&ids=${part.join(",")}`);
    part.forEach((id) => known.set(`${kind} ${id}`, null));
    (found?.items ?? []).forEach(({ id, name }) => known.set(`${kind} ${id}`, name));
  }
}

async function learnAreas(codes) {
  const wanted = [...new Set(codes.filter(Boolean))].filter((code) => !known.has(`area ${code}`));
  await Promise.all(wanted.map(async (code) => {
    const division = await getAllowed(`/v1/divisions/${code}`);
    known.set(`area ${code}`, division?.name ?? code);
  }));
}

export const nameOf = (kind, id) => known.get(`${kind} ${id}`) ?? null;
export const areaName = (code) => known.get(`area ${code}`) ?? code;

// Everything that a list of records of one kind needs to be told.
export async function learnRecords(records) {
  const all = (field) => records.map((record) => record[field]);
  // Whatever a kind calls its organisations and places: whose, by whom, for whom.
  const ending = (end) => records.flatMap((record) => Object.keys(record).filter((name) => name.endsWith(end)).map((name) => record[name]));
  const ofKinds = new Map();
  for (const { kind, id } of records) ofKinds.set(kind, [...(ofKinds.get(kind) ?? []), id]);
  const subjects = new Map();
  for (const { subject_kind: kind, subject_id: id } of records) if (kind) subjects.set(kind, [...(subjects.get(kind) ?? []), id]);
  await Promise.all([
    learn("places", ending("place_id")),
    learn("organizations", ending("org_id")),
    learn("users", [...all("recorded_by"), ...all("assignee_id"), ...all("user_id")]),
    learnAreas([...all("area_code"), ...all("with_area_code"), ...all("about_area_code")]),
    ...[...ofKinds, ...subjects].map(([kind, ids]) => learn(kind, ids)),
  ]);
}

// The same cache for what asks by kind alone.
export { learn, learnAreas };

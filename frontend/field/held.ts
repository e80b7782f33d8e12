/** The copy of the worker's cases and of the reference data, sealed; older than a week, it is dropped. */
import { words } from "./bytes";
import { auth, enrolment, isOpen, worker } from "./keys";
import { open, seal } from "./sealing";
import { tell } from "./sending";
import { get } from "./server";
import { db, forget } from "./store";

export interface Move {
  verb: string;
  label: string;
  is_main: boolean;
  icon: string;
}

export interface CaseRow {
  id: string;
  number: string;
  title: string;
  place: string;
  address: string;
  state: string;
  category: string;
  words: string;
  version: number;
  is_mine: boolean;
  why: string;
  due: string;
  due_detail: string;
  due_state: string;
  moves: Move[];
  lines: { title: string; where: string; words: string }[];
}

export interface Cases {
  cases: CaseRow[];
  name: string;
  post: string;
  keep_days: number;
}

export interface Place {
  code: string;
  label: string;
  kind: string;
  path: string;
}

/** Where the worker may go round, and how far the server says this month has come there. */
export interface Screened {
  code: string;
  label: string;
  /** Of a grid the village it lies in, where that is the worker's, too. */
  above: string;
  month: string;
  is_done: boolean;
  found: number;
}

export interface Reference {
  categories: { code: string; label: string; group: string }[];
  places: Place[];
  own: string;
  screened: Screened[];
  boundaries: { features: { properties: { code: string }; geometry: { type: string; coordinates: unknown } }[] };
}

const KEPT = 7 * 24 * 3_600_000;

/** What is held under that name, and since when; nothing where it is too old. */
export async function held<T>(key: string): Promise<{ content: T; at: number } | undefined> {
  const row = await (await db()).get("held", key);
  if (!row || !isOpen()) return undefined;
  if (Date.now() - row.at > KEPT) {
    await (await db()).delete("held", key);
    return undefined;
  }
  try {
    return { content: JSON.parse(new TextDecoder().decode(await open(worker(), row.content))) as T, at: row.at };
  } catch {
    return undefined;
  }
}

/** Asks whether there is anything new; true where there is. A phone that was given up learns it here, and wipes itself. */
export async function refresh(key: "cases" | "reference"): Promise<boolean> {
  const [row, phone] = await Promise.all([(await db()).get("held", key), enrolment()]);
  if (!phone) return false;
  const { answer, tag } = await get(key, { Authorization: auth(phone), ...(row?.tag && { "If-None-Match": row.tag }) });
  if (answer.status === 410) {
    await forget();
    tell("revoked");
  }
  if (!isOpen()) return false;
  if (answer.status === 304 && row) {
    await (await db()).put("held", { ...row, at: Date.now() });
    return false;
  }
  if (!answer.ok) return false;
  const content = await seal(worker(), words(JSON.stringify(answer.content)));
  await (await db()).put("held", { key, at: Date.now(), tag, content });
  return true;
}

/** The smallest of one's own areas around a point. */
export function areaAround(reference: Reference, lon: number, lat: number): string {
  const found = reference.boundaries.features.find((feature) => contains(feature.geometry, lon, lat));
  return found?.properties.code ?? "";
}

function contains(geometry: { type: string; coordinates: unknown }, lon: number, lat: number): boolean {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return (polygons as number[][][][]).some(
    (rings) => inRing(rings[0] ?? [], lon, lat) && !rings.slice(1).some((hole) => inRing(hole, lon, lat)),
  );
}

function inRing(ring: number[][], lon: number, lat: number): boolean {
  let isInside = false;
  for (let at = 0, before = ring.length - 1; at < ring.length; before = at++) {
    const [x1 = 0, y1 = 0] = ring[at] ?? [];
    const [x2 = 0, y2 = 0] = ring[before] ?? [];
    if (y1 > lat !== y2 > lat && lon < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) isInside = !isInside;
  }
  return isInside;
}

/** What is to be sent, and its true state: kept here, on its way, received, in conflict, refused. */
import { hex, toBase64, uuid7, words } from "./bytes";
import { auth, enrolment, isOpen, worker } from "./keys";
import { open, seal, sealFor } from "./sealing";
import { ask, put } from "./server";
import { db, forget, type Item, type ParcelRow } from "./store";

const PIECE = 64 * 1024;
const BATCH = 10;
const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 300_000;
const FINAL = new Set(["received", "conflict", "refused", "held"]);
const LOOK = "linli-field";

export interface Written {
  kind: string;
  case?: string;
  verb?: string;
  seen?: number;
  data: Record<string, unknown>;
  after?: string[];
}

export const changed = new EventTarget();

function tell(): void {
  changed.dispatchEvent(new Event("change"));
}

export async function labelOf(item: Item): Promise<string> {
  if (!isOpen()) return "";
  try {
    return new TextDecoder().decode(await open(worker(), item.label));
  } catch {
    return ""; // from before this phone was enrolled anew
  }
}

/** Files a command: from here on nobody can read it on this phone. Returns its id. */
export async function file(written: Written, label: string, pictures: Uint8Array<ArrayBuffer>[], id = uuid7()): Promise<string> {
  const phone = await enrolment();
  if (!phone) throw new Error("not enrolled");
  const parcels: ParcelRow[] = [];
  for (const picture of pictures) {
    const photo = uuid7();
    const bytes = await sealFor(phone.sealFor, photo, picture);
    parcels.push({ id: photo, command: id, bytes, digest: hex(await crypto.subtle.digest("SHA-256", bytes)), got: 0 });
  }
  const photos = parcels.map((parcel) => parcel.id);
  const content = { ...written, made_at: new Date().toISOString(), photos, after: written.after ?? [] };
  const item: Item = {
    id,
    auth: auth(phone),
    version: phone.version,
    sealed: await sealFor(phone.sealFor, id, words(JSON.stringify(content))),
    photos,
    state: "kept",
    at: Date.now(),
    label: await seal(worker(), words(label)),
    ...(written.case !== undefined && { about: written.case }),
  };
  const change = (await db()).transaction(["outbox", "parcels"], "readwrite", { durability: "strict" });
  for (const parcel of parcels) await change.objectStore("parcels").put(parcel);
  await change.objectStore("outbox").put(item);
  await change.done;
  tell();
  wake(0);
  return id;
}

export async function items(): Promise<Item[]> {
  const all = await (await db()).getAll("outbox");
  return all.sort((a, b) => (a.id < b.id ? 1 : -1));
}

export async function unsent(): Promise<Item[]> {
  return (await items()).filter((item) => item.sealed !== undefined);
}

/** How much of the photos of an item has arrived, in per cent. */
export async function share(item: Item): Promise<number> {
  const rows = await (await db()).getAllFromIndex("parcels", "command", item.id);
  const size = rows.reduce((sum, row) => sum + row.bytes.length, 0);
  return size ? Math.floor((100 * rows.reduce((sum, row) => sum + row.got, 0)) / size) : 0;
}

/** What was filed on the same case and has not been answered: it has to come first. */
export async function unansweredOn(id: string): Promise<string[]> {
  return (await unsent()).filter((item) => item.about === id).map((item) => item.id);
}

export async function strike(id: string): Promise<void> {
  await (await db()).delete("outbox", id);
  tell();
}

export async function mark(id: string, state: Item["state"]): Promise<void> {
  const database = await db();
  const item = await database.get("outbox", id);
  if (item) await database.put("outbox", { ...item, state });
  tell();
}

// Sending ------------------------------------------------------------------------------------------

let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;
let isRunning = false;

/** Tries after so long; many phones that find the network again at once are spread out by chance. */
export function wake(after: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    void run();
  }, after);
}

export function jittered(attempt: number, chance = Math.random()): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt) * (0.5 + chance / 2);
}

async function run(): Promise<void> {
  if (isRunning) return;
  isRunning = true;
  try {
    await navigator.locks.request(LOOK, { ifAvailable: true }, async (lock) => {
      if (lock) await sendAll();
    });
    failures = 0;
  } catch {
    failures += 1;
    await backToKept();
  } finally {
    isRunning = false;
  }
  if ((await unsent()).length) wake(jittered(failures || 3));
}

async function backToKept(): Promise<void> {
  const database = await db();
  for (const item of await unsent()) if (item.state === "going") await database.put("outbox", { ...item, state: "kept" });
  tell();
}

async function sendAll(): Promise<void> {
  let waiting = (await unsent()).reverse();
  while (waiting.length) {
    const batch = waiting.slice(0, BATCH).filter((item) => item.auth === waiting[0]?.auth);
    waiting = waiting.filter((item) => !batch.includes(item));
    for (const item of batch) {
      await (await db()).put("outbox", { ...item, state: "going" });
      tell();
      await sendPhotos(item);
    }
    await sendCommands(batch);
  }
}

async function sendPhotos(item: Item): Promise<void> {
  const database = await db();
  for (const parcel of await database.getAllFromIndex("parcels", "command", item.id)) {
    let turns = 0;
    while (parcel.got < parcel.bytes.length || turns === 0) {
      turns += 1;
      const answer = await put(`parcels/${parcel.id}`, parcel.bytes.slice(parcel.got, parcel.got + PIECE), {
        Authorization: item.auth,
        "Upload-Offset": String(parcel.got),
        "Upload-Length": String(parcel.bytes.length),
        "Upload-Digest": parcel.digest,
      });
      if (!answer.ok && answer.status !== 409) throw new Error(`parcel ${answer.status}`);
      parcel.got = Number(answer.content.got);
      await database.put("parcels", parcel);
      tell();
      if (answer.content.done === true) break;
      if (turns > 3 + parcel.bytes.length / 1024) throw new Error("parcel does not end");
    }
  }
}

async function sendCommands(batch: Item[]): Promise<void> {
  const commands = batch.flatMap((item) =>
    item.sealed ? [{ id: item.id, version: item.version, sealed: toBase64(item.sealed) }] : [],
  );
  const answer = await ask("batches", { commands }, { Authorization: batch[0]?.auth ?? "" });
  if (!answer.ok) throw new Error(`batch ${answer.status}`);
  for (const result of answer.content.results as Record<string, unknown>[]) await settle(result);
  if (answer.content.is_revoked === true) await forgetIfRevoked(batch[0]?.auth ?? "");
}

async function settle(result: Record<string, unknown>): Promise<void> {
  const change = (await db()).transaction(["outbox", "parcels"], "readwrite", { durability: "strict" });
  const item = await change.objectStore("outbox").get(String(result.id));
  if (item) {
    const state = String(result.state);
    if (FINAL.has(state) && result.code !== "damaged") {
      delete item.sealed;
      await change.objectStore("outbox").put({ ...item, state: state as Item["state"], answer: result });
      for (const id of item.photos) await change.objectStore("parcels").delete(id);
    } else await change.objectStore("outbox").put({ ...item, state: state === "waiting" ? "waiting" : "kept" });
  }
  await change.done;
  tell();
}

async function forgetIfRevoked(authorization: string): Promise<void> {
  const phone = await enrolment();
  if (!phone || auth(phone) !== authorization || (await unsent()).length) return;
  await forget();
  changed.dispatchEvent(new Event("revoked"));
}

/** Sends when there is a network again, after a moment that differs from phone to phone. */
export function watch(): void {
  window.addEventListener("online", () => {
    failures = 0;
    wake(Math.random() * 3_000);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake(0);
  });
  wake(0);
}

export type { Item };

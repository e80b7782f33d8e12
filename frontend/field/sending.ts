/**
 * Sends what lies sealed in the outbox. It needs no key and no page, so the service worker does it, too, when the
 * browser lets it run after the app was closed.
 */
import { toBase64 } from "./bytes";
import { auth, enrolment } from "./keys";
import { ask, put } from "./server";
import { db, forget, type Item } from "./store";

export const OUTBOX = "linli-outbox";
const PIECE = 64 * 1024;
const BATCH = 10;
const FINAL = new Set(["received", "conflict", "refused", "held"]);
const LOOK = "linli-field";

export const changed = new EventTarget();
const others = new BroadcastChannel(OUTBOX); // other pages, and the service worker
others.addEventListener("message", (event) => changed.dispatchEvent(new Event(String(event.data))));

export function tell(what: "change" | "revoked" = "change"): void {
  changed.dispatchEvent(new Event(what));
  others.postMessage(what);
}

export async function items(): Promise<Item[]> {
  const all = await (await db()).getAll("outbox");
  return all.sort((a, b) => (a.id < b.id ? 1 : -1));
}

export async function unsent(): Promise<Item[]> {
  return (await items()).filter((item) => item.sealed !== undefined);
}

/** Sends everything that is left, by one of all open pages and the service worker at a time. Says how much stayed. */
export async function send(isPatient: boolean): Promise<number> {
  await navigator.locks.request(LOOK, { ifAvailable: !isPatient }, async (lock) => {
    try {
      if (lock) await sendAll();
    } catch (error) {
      await backToKept();
      throw error;
    }
  });
  return (await unsent()).length;
}

async function backToKept(...ids: string[]): Promise<void> {
  const database = await db();
  for (const item of await unsent())
    if (item.state === "going" && (!ids.length || ids.includes(item.id)))
      await database.put("outbox", { ...item, state: "kept" });
  tell();
}

async function sendAll(): Promise<void> {
  let waiting = (await unsent()).reverse();
  while (waiting.length) {
    const batch = waiting.slice(0, BATCH).filter((item) => item.auth === waiting[0]?.auth);
    waiting = waiting.filter((item) => !batch.includes(item));
    const whole: Item[] = [];
    for (const item of batch) {
      await (await db()).put("outbox", { ...item, state: "going" });
      tell();
      if (await sendPhotos(item)) whole.push(item);
      else await backToKept(item.id);
    }
    if (whole.length) await sendCommands(whole);
  }
}

/** Whether the photos of an item are all there. One the server does not take now holds up nothing behind it. */
async function sendPhotos(item: Item): Promise<boolean> {
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
      if (!answer.ok && answer.status !== 409) return false;
      parcel.got = Number(answer.content.got);
      await database.put("parcels", parcel);
      tell();
      if (answer.content.done === true) break;
      if (turns > 3 + parcel.bytes.length / 1024) return false;
    }
  }
  return true;
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
  tell("revoked");
}

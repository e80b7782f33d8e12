/** What is to be sent, and its true state: kept here, on its way, received, in conflict, refused. */
import { hex, uuid7, words } from "./bytes";
import { auth, enrolment, isOpen, worker } from "./keys";
import { open, seal, type Sealed, sealFor } from "./sealing";
import { changed, items, OUTBOX, send, tell, unsent } from "./sending";
import { db, type Item, type ParcelRow } from "./store";

const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 300_000;
const LISTED = 30 * 24 * 3_600_000;

export interface Written {
  kind: string;
  case?: string;
  verb?: string;
  seen?: number;
  data: Record<string, unknown>;
  after?: string[];
}

/** What a round of screening is of, as the phone remembers it. */
export const roundOf = (place: string, month: string): string => `${place} ${month}`;

export async function labelOf(item: Item): Promise<string> {
  return opened(item.label);
}

async function opened(sealed: Sealed): Promise<string> {
  if (!isOpen()) return "";
  try {
    return new TextDecoder().decode(await open(worker(), sealed));
  } catch {
    return ""; // from before this phone was enrolled anew
  }
}

export async function labelWas(id: string): Promise<string> {
  const item = await (await db()).get("outbox", id);
  return item ? labelOf(item) : "";
}

/** The places and months whose rounds were filed on this phone and not refused, as `place month`. */
export async function roundsFiled(): Promise<Set<string>> {
  const found = new Set<string>();
  for (const item of await items()) if (item.round && item.state !== "refused") found.add(await opened(item.round));
  return found;
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
    ...(written.kind === "screening" && {
      round: await seal(worker(), words(roundOf(String(written.data.place), String(written.data.month)))),
    }),
  };
  const change = (await db()).transaction(["outbox", "parcels"], "readwrite", { durability: "strict" });
  for (const parcel of parcels) await change.objectStore("parcels").put(parcel);
  await change.objectStore("outbox").put(item);
  await change.done;
  tell();
  wake(0);
  void askForBackground();
  return id;
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
    await send(false);
    failures = 0;
  } catch {
    failures += 1;
  } finally {
    isRunning = false;
  }
  if ((await unsent()).length) wake(jittered(failures || 3));
}

/** Has the browser send what is left though the app is closed; one that cannot leaves it until the app is opened. */
async function askForBackground(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const registration: Registration | undefined = await navigator.serviceWorker.getRegistration();
  await registration?.sync?.register(OUTBOX).catch(() => undefined);
}

interface Registration extends ServiceWorkerRegistration {
  sync?: { register(tag: string): Promise<void> };
}

/** Takes what was answered a month ago off the list; what waits for its author stays. */
async function tidy(): Promise<void> {
  const isOver = new Set<Item["state"]>(["received", "decided", "held"]);
  for (const item of await items()) if (isOver.has(item.state) && item.at < Date.now() - LISTED) await strike(item.id);
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
  void tidy();
  wake(0);
}

export { changed, items, unsent };
export type { Item };

/**
 * What lies on the phone. Everything but ids, sizes, states and times is sealed: `held`, `drafts`, `pictures` and
 * labels under the worker's key, `outbox` and `parcels` for the server. A newer app adds stores and never rewrites these.
 */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Sealed } from "./sealing";

export interface Enrolment {
  key: "phone";
  id: string;
  token: string;
  sealFor: Uint8Array<ArrayBuffer>;
  version: number;
  salt: Uint8Array<ArrayBuffer>;
  wrapped: Sealed;
  /** The server's share while a day's pass holds: without a network the PIN then suffices. */
  pass?: CryptoKey;
  passUntil: number;
  wrong: number;
}

export type State = "kept" | "going" | "waiting" | "received" | "conflict" | "refused" | "held" | "decided";

export interface Item {
  id: string;
  auth: string;
  version: number;
  /** Gone once it was answered for good. */
  sealed?: Uint8Array<ArrayBuffer>;
  photos: string[];
  state: State;
  at: number;
  label: Sealed;
  /** The id of the case it is about, so that what follows waits for it. */
  about?: string;
  /** Of a round of screening the place and month, for the list of what is left to do. */
  round?: Sealed;
  answer?: Record<string, unknown>;
}

export interface ParcelRow {
  id: string;
  command: string;
  bytes: Uint8Array<ArrayBuffer>;
  digest: string;
  got: number;
}

export interface DraftRow {
  id: string;
  at: number;
  content: Sealed;
}

export interface PictureRow {
  id: string;
  draft: string;
  content: Sealed;
}

interface Schema extends DBSchema {
  meta: { key: string; value: Enrolment };
  held: { key: string; value: { key: string; at: number; tag: string; content: Sealed } };
  drafts: { key: string; value: DraftRow };
  pictures: { key: string; value: PictureRow; indexes: { draft: string } };
  outbox: { key: string; value: Item };
  parcels: { key: string; value: ParcelRow; indexes: { command: string } };
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;

export function db(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("linli-field", 1, {
    upgrade(database, old) {
      if (old < 1) {
        database.createObjectStore("meta", { keyPath: "key" });
        database.createObjectStore("held", { keyPath: "key" });
        database.createObjectStore("drafts", { keyPath: "id" });
        database.createObjectStore("pictures", { keyPath: "id" }).createIndex("draft", "draft");
        database.createObjectStore("outbox", { keyPath: "id" });
        database.createObjectStore("parcels", { keyPath: "id" }).createIndex("command", "command");
      }
    },
  });
  return opened;
}

/** Forgets everything but what has not been sent: that is sealed for the server and still goes. */
export async function forget(): Promise<void> {
  const database = await db();
  const change = database.transaction(["meta", "held", "drafts", "pictures", "outbox"], "readwrite");
  await Promise.all([
    change.objectStore("meta").clear(),
    change.objectStore("held").clear(),
    change.objectStore("drafts").clear(),
    change.objectStore("pictures").clear(),
  ]);
  for (const item of await change.objectStore("outbox").getAll())
    if (item.sealed === undefined) await change.objectStore("outbox").delete(item.id);
  await change.done;
}

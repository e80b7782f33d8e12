/** What is being written: several at a time, each with its pictures, sealed as it is typed. */
import { uuid7, words } from "./bytes";
import { worker } from "./keys";
import { open, seal } from "./sealing";
import { db } from "./store";

export interface Draft {
  id: string;
  /** The address of the screen it belongs to. */
  screen: string;
  values: Record<string, string>;
  at: number;
  /** The case as it was when this was begun: it can be filed though the case has left the phone meanwhile. */
  about?: About;
}

export interface About {
  label: string;
  title: string;
  /** What it is called in the outbox. */
  filed: string;
  version?: number;
}

export async function drafts(): Promise<Draft[]> {
  const rows = await (await db()).getAll("drafts");
  const found: Draft[] = [];
  for (const row of rows) {
    try {
      found.push(JSON.parse(new TextDecoder().decode(await open(worker(), row.content))) as Draft);
    } catch {
      await discard(row.id); // sealed under a key that is gone
    }
  }
  return found.sort((a, b) => b.at - a.at);
}

export function begin(screen: string, values: Record<string, string> = {}): Draft {
  return { id: uuid7(), screen, values, at: Date.now() };
}

export async function keep(draft: Draft): Promise<void> {
  draft.at = Date.now();
  const content = await seal(worker(), words(JSON.stringify(draft)));
  await (await db()).put("drafts", { id: draft.id, at: draft.at, content });
}

export async function discard(id: string): Promise<void> {
  const database = await db();
  await database.delete("drafts", id);
  for (const key of await database.getAllKeysFromIndex("pictures", "draft", id)) await database.delete("pictures", key);
}

export async function addPicture(draft: Draft, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const id = uuid7();
  await (await db()).put("pictures", { id, draft: draft.id, content: await seal(worker(), bytes) });
  await keep(draft);
  return id;
}

export async function pictures(draft: Draft): Promise<{ id: string; bytes: Uint8Array<ArrayBuffer> }[]> {
  const rows = await (await db()).getAllFromIndex("pictures", "draft", draft.id);
  return Promise.all(rows.map(async (row) => ({ id: row.id, bytes: await open(worker(), row.content) })));
}

export async function dropPicture(id: string): Promise<void> {
  await (await db()).delete("pictures", id);
}

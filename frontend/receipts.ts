/**
 * Checks receipts in the browser, with WebCrypto alone: the same steps as `linli verify-receipt`
 * (src/linli/ledger/receipts.py, notes.py, merkle.py). Nothing here asks the network for anything.
 */

export type State = "good" | "bad" | "none";
export type Bytes = Uint8Array<ArrayBuffer>;

export interface Key {
  name: string;
  id: Bytes;
  bytes: Bytes;
}

export interface Statement {
  log: string;
  case: string;
  received_at: string;
  promises: { clock: string; limit: string; due_at: string | null }[];
  commitment: string;
  leaf: string;
}

export interface Verdict {
  statement: Statement;
  said: string;
  steps: Record<string, State>;
}

interface Receipt {
  type: string;
  statement: string;
  said?: string;
  salt?: string;
  record?: string;
  proof?: { position: number; hashes: string[]; checkpoint: string } | null;
}

interface Note {
  text: string;
  signatures: { name: string; id: Bytes; value: Bytes }[];
}

const TYPE = "linli-receipt/v1";
const [LOG, WITNESS] = [1, 4];
const SALT_BYTES = 16;

/** Whether this browser can check Ed25519 signatures; older ones, and pages without HTTPS, cannot. */
export async function isAble(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

/** A public key from `name+id+key`; null for anything else. */
export async function keyOf(text: string, algorithm = LOG): Promise<Key | null> {
  const [name = "", id = "", ...rest] = text.trim().split("+");
  const bytes = decoded(rest.join("+"));
  if (!name || !bytes || bytes.length !== 33 || bytes[0] !== algorithm) return null;
  const hash = await sha256(utf8(`${name}\n`), bytes);
  return hex(hash.slice(0, 4)) === id ? { name, id: hash.slice(0, 4), bytes: bytes.slice(1) } : null;
}

export function witnessOf(text: string): Promise<Key | null> {
  return keyOf(text, WITNESS);
}

/** Every step. Throws where the text is no receipt. */
export async function check(text: string, key: Key, witnesses: Key[], kept: string): Promise<Verdict> {
  const receipt = JSON.parse(text) as Receipt;
  if (receipt.type !== TYPE) throw new Error("not a receipt");
  const found = await checkStatement(receipt.statement, key);
  const { statement, steps } = found;
  const said = receipt.said ?? "";
  if (said) {
    const salt = decoded(receipt.salt ?? "") ?? utf8("");
    const commitment = await sha256(salt, utf8(said));
    steps.said = state(salt.length === SALT_BYTES && hex(commitment) === statement.commitment);
  }
  if (receipt.record) {
    const record = JSON.parse(receipt.record) as { commitment: string };
    const leaf = await sha256(new Uint8Array([0]), utf8(receipt.record));
    steps.record = state(record.commitment === statement.commitment && hex(leaf) === statement.leaf);
  }
  if (receipt.proof) await checkProof(receipt.proof, statement, key, witnesses, kept, steps);
  return { ...found, said: wordsOf(said) };
}

/** The signed statement alone, as the square on the paper holds it. */
export async function checkStatement(written: string, key: Key): Promise<Verdict> {
  const note = noteOf(written);
  const [kind, json = ""] = note.text.split("\n");
  if (kind !== TYPE) throw new Error("not a receipt");
  const statement = JSON.parse(json) as Statement;
  const isSigned = (await isSignedBy(note, key)) && statement.log === key.name;
  const none = { said: "none", record: "none", proof: "none", checkpoint: "none", witness: "none" } as const;
  return { statement, said: "", steps: { signature: state(isSigned), ...none } };
}

async function checkProof(
  proof: NonNullable<Receipt["proof"]>,
  statement: Statement,
  key: Key,
  witnesses: Key[],
  kept: string,
  steps: Record<string, State>,
): Promise<void> {
  const shown = noteOf(proof.checkpoint);
  const [origin, size = "", root = ""] = shown.text.split("\n");
  const hashes = proof.hashes.map((each) => decoded(each) ?? utf8(""));
  const leaf = unhex(statement.leaf);
  const isIn = await isIncluded(leaf, proof.position - 1, Number(size), hashes, decoded(root) ?? utf8(""));
  steps.proof = state(isIn && origin === key.name && (await isSignedBy(shown, key)));
  const other = kept ? noteOf(kept) : null;
  if (other) steps.checkpoint = state(other.text === shown.text && (await isSignedBy(other, key)));
  const vouching = other ? [other, ...(steps.checkpoint === "good" ? [shown] : [])] : [shown];
  for (const note of vouching) {
    for (const witness of witnesses) if (await isWitnessedBy(note, witness)) steps.witness = "good";
  }
}

/** RFC 9162 §2.1.3.2. */
async function isIncluded(leaf: Bytes, index: number, size: number, proof: Bytes[], root: Bytes): Promise<boolean> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let [node, last, result] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0 || sibling.length !== 32) return false;
    if (node % 2 === 1 || node === last) {
      result = await sha256(new Uint8Array([1]), sibling, result);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      result = await sha256(new Uint8Array([1]), result, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && hex(result) === hex(root);
}

// Signed notes ------------------------------------------------------------------------------------

function noteOf(written: string): Note {
  const end = written.lastIndexOf("\n\n");
  if (end < 0 || !written.endsWith("\n")) throw new Error("not a signed note");
  const lines = written.slice(end + 2, -1).split("\n");
  return { text: written.slice(0, end + 1), signatures: lines.map(signatureOf) };
}

function signatureOf(line: string): Note["signatures"][number] {
  const match = /^— (\S+) (\S+)$/u.exec(line);
  const data = decoded(match?.[2] ?? "");
  if (!match?.[1] || !data || data.length <= 4) throw new Error("not a signature");
  return { name: match[1], id: data.slice(0, 4), value: data.slice(4) };
}

async function isSignedBy(note: Note, key: Key): Promise<boolean> {
  for (const each of of(note, key)) if (await verifies(key, each.value, utf8(note.text))) return true;
  return false;
}

async function isWitnessedBy(note: Note, key: Key): Promise<boolean> {
  for (const each of of(note, key)) {
    if (each.value.length !== 72) continue;
    const at = new DataView(each.value.buffer, each.value.byteOffset, 8).getBigUint64(0);
    const message = utf8(`cosignature/v1\ntime ${at.toString()}\n${note.text}`);
    if (await verifies(key, each.value.slice(8), message)) return true;
  }
  return false;
}

function of(note: Note, key: Key): Note["signatures"] {
  return note.signatures.filter((each) => each.name === key.name && hex(each.id) === hex(key.id));
}

async function verifies(key: Key, signature: Bytes, message: Bytes): Promise<boolean> {
  try {
    const imported = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch {
    return false;
  }
}

// Bytes -------------------------------------------------------------------------------------------

export function decoded(text: string): Bytes | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

export function words(bytes: Bytes): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function utf8(text: string): Bytes {
  return Uint8Array.from(new TextEncoder().encode(text));
}

async function sha256(...parts: Bytes[]): Promise<Bytes> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
}

function hex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function unhex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function state(isGood: boolean): State {
  return isGood ? "good" : "bad";
}

function wordsOf(said: string): string {
  if (!said) return "";
  const found = JSON.parse(said) as { text?: unknown };
  return typeof found.text === "string" ? found.text : "";
}

/** Asking the server. Throws where there is no network; every answer of the server itself is returned. */

export interface Answer {
  ok: boolean;
  status: number;
  content: Record<string, unknown>;
}

export interface Me {
  csrf: string;
  name: string;
  post: string;
  push: string;
}

export class SignedOut extends Error {}

/** Signed in, under a post that does not work with a phone. */
export class NoPost extends Error {}

const BASE = "/field/";
const PATIENCE = 30_000;

async function fetched(address: string, options: RequestInit): Promise<Response> {
  const patience = new AbortController();
  const timer = setTimeout(() => {
    patience.abort();
  }, PATIENCE);
  try {
    return await fetch(BASE + address, { cache: "no-store", redirect: "manual", ...options, signal: patience.signal });
  } finally {
    clearTimeout(timer);
  }
}

async function answered(response: Response): Promise<Answer> {
  const isJson = response.headers.get("Content-Type")?.includes("json") ?? false;
  const content = isJson ? ((await response.json()) as Record<string, unknown>) : {};
  return { ok: response.ok, status: response.status, content };
}

export async function ask(address: string, content: unknown, headers: Record<string, string>): Promise<Answer> {
  const body = JSON.stringify(content);
  const all = { "Content-Type": "application/json", ...headers };
  return answered(await fetched(address, { method: "POST", body, headers: all }));
}

export async function put(
  address: string,
  piece: Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<Answer> {
  const all = { "Content-Type": "application/octet-stream", ...headers };
  return answered(await fetched(address, { method: "PUT", body: piece, headers: all }));
}

/** What only somebody who is signed in may read; SignedOut where nobody is. */
async function read(address: string, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetched(address, { headers });
  if (response.type === "opaqueredirect" || response.status === 401) throw new SignedOut();
  return response;
}

export async function get(address: string, headers: Record<string, string> = {}): Promise<{ answer: Answer; tag: string }> {
  const response = await read(address, headers);
  return { answer: await answered(response), tag: response.headers.get("ETag") ?? "" };
}

/** The bytes at an address; nothing where the server has none. */
export async function bytesAt(address: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const response = await read(address);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
}

export async function me(): Promise<Me> {
  const { answer } = await get("me");
  if (answer.status === 404) throw new NoPost();
  if (!answer.ok) throw new SignedOut();
  return answer.content as unknown as Me;
}

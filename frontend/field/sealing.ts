/** What is filed is sealed for the server, which alone can open it; `field/wire/sealing.py` is the other half. */
import { bytesOf, joined, random, words } from "./bytes";

const CURVE = { name: "ECDH", namedCurve: "P-256" };

export async function sealFor(
  serverKey: Uint8Array<ArrayBuffer>,
  id: string,
  content: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const theirs = await crypto.subtle.importKey("raw", serverKey, CURVE, false, []);
  const once = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", once.publicKey));
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, once.privateKey, 256);
  const key = await derived(shared, point, "linli field 1", ["encrypt"]);
  const nonce = random(12);
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: bytesOf(id) },
    key,
    content,
  );
  return joined(Uint8Array.of(1), point, nonce, new Uint8Array(sealed));
}

async function derived(
  secret: ArrayBuffer,
  salt: Uint8Array<ArrayBuffer>,
  info: string,
  usages: KeyUsage[],
): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  return fromShare(base, salt, info, usages);
}

export function fromShare(
  base: CryptoKey,
  salt: Uint8Array<ArrayBuffer>,
  info: string,
  usages: KeyUsage[],
): Promise<CryptoKey> {
  const how = { name: "HKDF", hash: "SHA-256", salt, info: words(info) };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, usages);
}

/** The server's share as a key that no script can read out again. */
export function shareKey(share: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", share, "HKDF", false, ["deriveKey"]);
}

/** Two halves from a PIN: one proves it to the server, the other never leaves the phone. */
export async function fromPin(
  pin: string,
  salt: Uint8Array<ArrayBuffer>,
): Promise<{ verifier: Uint8Array<ArrayBuffer>; half: Uint8Array<ArrayBuffer> }> {
  const base = await crypto.subtle.importKey("raw", words(pin), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: 310_000 };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(how, base, 512));
  return { verifier: bits.slice(0, 32), half: bits.slice(32) };
}

export interface Sealed {
  nonce: Uint8Array<ArrayBuffer>;
  bytes: Uint8Array<ArrayBuffer>;
}

export async function seal(key: CryptoKey, content: Uint8Array<ArrayBuffer>): Promise<Sealed> {
  const nonce = random(12);
  const bytes = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, key, content);
  return { nonce, bytes: new Uint8Array(bytes) };
}

/** Throws where the key is another. */
export async function open(key: CryptoKey, sealed: Sealed): Promise<Uint8Array<ArrayBuffer>> {
  const how = { name: "AES-GCM", iv: sealed.nonce };
  return new Uint8Array(await crypto.subtle.decrypt(how, key, sealed.bytes));
}

/** Who may open what lies on the phone: a PIN, and the server's share, which ten wrong guesses destroy. */
import { fromBase64, random, text, toBase64, uuid7 } from "./bytes";
import { ask, me } from "./server";
import { fromPin, fromShare, open, seal, shareKey } from "./sealing";
import { db, type Enrolment, forget } from "./store";

const PASS_HOURS = 16;
const GUESSES = 10;
const INFO = "linli field key";

let key: CryptoKey | undefined;

export function worker(): CryptoKey {
  if (!key) throw new Error("locked");
  return key;
}

export const isOpen = (): boolean => key !== undefined;

export function lock(): void {
  key = undefined;
}

export async function enrolment(): Promise<Enrolment | undefined> {
  return (await db()).get("meta", "phone");
}

export const auth = (phone: Enrolment): string => `Phone ${phone.id}.${phone.token}`;

function imported(raw: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Takes this phone in for whoever is signed in. */
export async function enrol(pin: string, name: string): Promise<void> {
  const id = uuid7();
  const salt = random(16);
  const { verifier, half } = await fromPin(pin, salt);
  const who = await me();
  const answer = await ask("phones", { id, verifier: toBase64(verifier), name }, { "X-CSRFToken": who.csrf });
  if (!answer.ok) throw new Error(text(answer.content.why));
  const share = await shareKey(fromBase64(String(answer.content.share)));
  const raw = random(32);
  const kek = await fromShare(share, half, INFO, ["encrypt", "decrypt"]);
  const phone: Enrolment = {
    key: "phone",
    id,
    token: String(answer.content.token),
    sealFor: fromBase64(String(answer.content.seal_for)),
    version: Number(answer.content.version),
    salt,
    wrapped: await seal(kek, raw),
    pass: share,
    passUntil: Date.now() + PASS_HOURS * 3_600_000,
    wrong: 0,
  };
  await (await db()).put("meta", phone);
  key = await imported(raw);
}

export type Unlocked = "open" | "wrong" | "gone" | "offline";

/** Opens with a PIN: by the server where it can be reached, by the day's pass where it cannot. */
export async function unlock(pin: string): Promise<{ how: Unlocked; left: number }> {
  const phone = await enrolment();
  if (!phone) return { how: "gone", left: 0 };
  const { verifier, half } = await fromPin(pin, phone.salt);
  let answer: Awaited<ReturnType<typeof ask>>;
  try {
    answer = await ask("opening", { verifier: toBase64(verifier) }, { Authorization: auth(phone) });
  } catch {
    return openByPass(phone, half);
  }
  if (answer.ok) {
    phone.pass = await shareKey(fromBase64(String(answer.content.share)));
    phone.passUntil = Date.now() + PASS_HOURS * 3_600_000;
    phone.wrong = 0;
    await (await db()).put("meta", phone);
    return { how: (await openWith(phone, half)) ? "open" : "wrong", left: GUESSES };
  }
  if (answer.status === 403) return { how: "wrong", left: Number(answer.content.left ?? 0) };
  if (answer.status === 410 || answer.status === 401) {
    await forget();
    return { how: "gone", left: 0 };
  }
  return openByPass(phone, half);
}

async function openByPass(phone: Enrolment, half: Uint8Array<ArrayBuffer>): Promise<{ how: Unlocked; left: number }> {
  if (!phone.pass || phone.passUntil < Date.now()) return { how: "offline", left: GUESSES - phone.wrong };
  const isRight = await openWith(phone, half);
  phone.wrong = isRight ? 0 : phone.wrong + 1;
  const left = GUESSES - phone.wrong;
  if (left <= 0) {
    await forget();
    return { how: "gone", left: 0 };
  }
  await (await db()).put("meta", phone);
  return { how: isRight ? "open" : "wrong", left };
}

async function openWith(phone: Enrolment, half: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (!phone.pass) return false;
  try {
    key = await imported(await open(await fromShare(phone.pass, half, INFO, ["encrypt", "decrypt"]), phone.wrapped));
    return true;
  } catch {
    return false;
  }
}

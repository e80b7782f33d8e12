import { define, find, say } from "./dom";

type Json = Record<string, unknown>;

/**
 * `<ll-passkey hidden><form><input type=hidden name=credential><button type=button>…</button>
 * <span role=status data-failed="…">…`: makes a passkey (with `data-make`) or shows one, and sends the form.
 * The options stand in a `<script type=application/json>` inside the form, or are asked for at the form's `data-ask`.
 * Stays hidden where the browser has no passkeys; a `[data-without]` beside it is then left standing.
 */
class Passkey extends HTMLElement {
  connectedCallback(): void {
    const button = find<HTMLButtonElement>(this, "button");
    if (!button || typeof PublicKeyCredential === "undefined") return;
    this.hidden = false;
    this.parentElement?.querySelector("[data-without]")?.remove();
    button.addEventListener("click", () => {
      button.disabled = true;
      say(this.status, "");
      this.run()
        .catch(() => {
          say(this.status, "failed");
        })
        .finally(() => {
          button.disabled = false;
        });
    });
  }

  private get status(): HTMLElement | null {
    return find<HTMLElement>(this, "[role=status]");
  }

  private async run(): Promise<void> {
    const form = find<HTMLFormElement>(this, "form");
    const input = find<HTMLInputElement>(this, "input[name=credential]");
    if (!form || !input) return;
    const options = await this.options(form);
    const found = "make" in this.dataset ? await made(options) : await shown(options);
    if (!found) throw new Error("no credential");
    input.value = JSON.stringify(found);
    form.submit();
  }

  private async options(form: HTMLFormElement): Promise<Json> {
    const written = find(form, "script[type='application/json']")?.textContent;
    if (written) return (JSON.parse(written) as { publicKey: Json }).publicKey;
    const answer = await fetch(form.dataset.ask ?? form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return ((await answer.json()) as { request_options: { publicKey: Json } }).request_options.publicKey;
  }
}

async function made(options: Json): Promise<Json | null> {
  const user = options.user as Json;
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...user, id: bytes(user.id) },
    excludeCredentials: known(options.excludeCredentials),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
  } as unknown as PublicKeyCredentialCreationOptions;
  const found = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
  if (!found) return null;
  const response = found.response as AuthenticatorAttestationResponse;
  return envelope(found, {
    clientDataJSON: text(response.clientDataJSON),
    attestationObject: text(response.attestationObject),
    transports: typeof response.getTransports === "function" ? response.getTransports() : [],
  });
}

async function shown(options: Json): Promise<Json | null> {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: known(options.allowCredentials),
  } as unknown as PublicKeyCredentialRequestOptions;
  const found = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
  if (!found) return null;
  const response = found.response as AuthenticatorAssertionResponse;
  return envelope(found, {
    clientDataJSON: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: response.userHandle ? text(response.userHandle) : null,
  });
}

function envelope(found: PublicKeyCredential, response: Json): Json {
  return {
    id: found.id,
    rawId: text(found.rawId),
    type: found.type,
    response,
    clientExtensionResults: found.getClientExtensionResults(),
  };
}

function known(list: unknown): Json[] {
  return Array.isArray(list) ? (list as Json[]).map((each) => ({ ...each, id: bytes(each.id) })) : [];
}

/** base64url, without padding, as servers write it. */
function bytes(written: unknown): Uint8Array<ArrayBuffer> {
  const plain = atob(String(written).replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

define("ll-passkey", Passkey);

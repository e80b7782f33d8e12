/** Orders that arrive while the app is closed. The push itself says only that there is something. */
import { find } from "../elements/dom";
import { fromBase64 } from "./bytes";
import { said } from "./page";
import { ask, me } from "./server";

const standard = (text: string): string => text.replaceAll("-", "+").replaceAll("_", "/");

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.ready;
  return registration.pushManager.getSubscription();
}

export async function offerPush(root: HTMLElement): Promise<void> {
  const part = find<HTMLElement>(root, "[data-push]");
  if (!part) return;
  part.hidden = !("serviceWorker" in navigator && "PushManager" in window);
  if (part.hidden) return;
  const status = find<HTMLElement>(part, "[role=status]");
  if (status) status.textContent = (await subscription()) ? said("pushOn") : said("pushOff");
}

/** Nobody is signed in here any more: this browser is told of nothing. */
export async function endPush(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

export function tiePush(root: HTMLElement): void {
  find<HTMLButtonElement>(root, "[data-push] button")?.addEventListener("click", () => {
    void turnOn(root);
  });
}

async function turnOn(root: HTMLElement): Promise<void> {
  const status = find<HTMLElement>(root, "[data-push] [role=status]");
  try {
    const who = await me();
    const registration = await navigator.serviceWorker.ready;
    const made = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: fromBase64(standard(who.push)),
    });
    const answer = await ask("push", made.toJSON(), { "X-CSRFToken": who.csrf });
    if (status) status.textContent = said(answer.ok ? "pushOn" : "notNow");
  } catch {
    if (status) status.textContent = said("pushRefused");
  }
}

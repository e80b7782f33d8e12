/** The app on the phone: which screen, who may look, and what is asked of the server while it is open. */
import "./css/field.css";

import { all, find } from "./elements/dom";
import { enrol, enrolment, isOpen, lock, unlock } from "./field/keys";
import { refresh } from "./field/held";
import { changed, unsent, wake, watch } from "./field/outbox";
import { arrived, said, screen, show, toast } from "./field/page";
import { endPush, offerPush, tiePush } from "./field/push";
import { drawAgain, home, network, oneCase, outbox, tasks } from "./field/screens";
import { ask, me, NoPost, SignedOut } from "./field/server";
import { tieSize } from "./field/size";
import { forget } from "./field/store";
import { correct, move, report, screening, visit } from "./field/writing";

const POLL = 20_000;
const IDLE = 15 * 60_000;

let lastTouched = Date.now();

// Which screen ---------------------------------------------------------------------------------------

const SCREENS: Record<string, (...parts: string[]) => Promise<void>> = {
  home,
  tasks,
  outbox,
  case: (id = "") => oneCase(id),
  move: (id = "", verb = "") => move(id, verb),
  report: (id = "") => report(id),
  visit: (of = "") => visit(of),
  screening,
  correct: (id = "") => correct(id),
  me: mine,
};

async function go(): Promise<void> {
  await network();
  document.body.classList.toggle("is-locked", !isOpen());
  if (!isOpen()) {
    await door();
    return;
  }
  const [name = "", ...parts] = location.hash.slice(1).split("/");
  await (SCREENS[name] ?? home)(...parts);
}

// The door -------------------------------------------------------------------------------------------

async function door(): Promise<void> {
  const phone = await enrolment();
  if (phone) {
    show("unlock");
    find<HTMLInputElement>(screen("unlock"), "input")?.focus();
    return;
  }
  try {
    const who = await me();
    show("enrol");
    const name = find<HTMLElement>(screen("enrol"), "[data-who]");
    if (name) name.textContent = `${who.name} · ${who.post}`;
  } catch (error) {
    show(error instanceof NoPost ? "no-post" : error instanceof SignedOut ? "sign-in" : "away");
  }
}

function problem(name: string, text: string): void {
  const place = find<HTMLElement>(screen(name), "[data-problem]");
  if (place) {
    place.textContent = text;
    place.hidden = text === "";
  }
}

function tieDoor(): void {
  find<HTMLFormElement>(screen("unlock"), "form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const field = find<HTMLInputElement>(screen("unlock"), "input");
    void tryPin(field?.value ?? "").finally(() => {
      if (field) field.value = "";
    });
  });
  find<HTMLFormElement>(screen("enrol"), "form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const [first, second] = all<HTMLInputElement>(screen("enrol"), "input").map((field) => field.value);
    if (!/^\d{6,12}$/.test(first ?? "") || first !== second) {
      problem("enrol", said("pinForm"));
      return;
    }
    void enrol(first ?? "", navigator.userAgent.replace(/^.*\(([^)]*)\).*$/, "$1").slice(0, 60))
      .then(entered)
      .catch((error: unknown) => {
        problem("enrol", (error instanceof Error && error.message) || said("notNow"));
      });
  });
}

async function tryPin(pin: string): Promise<void> {
  const { how, left } = await unlock(pin);
  if (how === "open") {
    problem("unlock", "");
    await entered();
  } else if (how === "gone") {
    await go();
    toast(said("gone"));
  } else problem("unlock", how === "wrong" ? said("wrongPin", { n: left }) : said("needsNetwork"));
}

async function entered(): Promise<void> {
  lastTouched = Date.now();
  await go();
  wake(0);
  await refreshAll();
}

// News -----------------------------------------------------------------------------------------------

async function refreshAll(): Promise<void> {
  if (!isOpen() || !navigator.onLine) return;
  try {
    const isNew = await refresh("cases");
    const isOther = await refresh("reference");
    const name = location.hash.slice(1).split("/")[0] ?? "";
    if ((isNew || isOther) && ["", "home", "tasks", "case"].includes(name)) await go();
    await network();
  } catch (error) {
    if (error instanceof SignedOut) toast(said("signInAgain"));
  }
}

function tick(): void {
  if (Date.now() - lastTouched > IDLE && isOpen()) {
    lock();
    void go();
  }
  if (document.visibilityState === "visible") void refreshAll();
}

// Oneself --------------------------------------------------------------------------------------------

async function mine(): Promise<void> {
  show("me");
  await offerPush(screen("me"));
}

async function leave(): Promise<void> {
  const left = (await unsent()).length;
  const phone = await enrolment();
  const note = find<HTMLElement>(screen("me"), "[data-leaving]");
  await endPush().catch(() => undefined);
  try {
    const who = await me();
    if (phone && left === 0) await ask("phones/mine", { id: phone.id }, { "X-CSRFToken": who.csrf });
    await signOut(who.csrf);
  } catch {
    /* without a network the phone forgets all the same */
  }
  lock();
  await forget();
  if (note) note.textContent = "";
  location.hash = "";
  await go();
}

async function signOut(csrf: string): Promise<void> {
  const address = find<HTMLElement>(screen("me"), "[data-leave]")?.dataset.leave ?? "";
  await fetch(address, { method: "POST", headers: { "X-CSRFToken": csrf }, redirect: "manual" });
}

function tieMe(): void {
  find<HTMLButtonElement>(screen("me"), "[data-leave]")?.addEventListener("click", () => {
    void leave();
  });
  find<HTMLButtonElement>(screen("me"), "[data-lock]")?.addEventListener("click", () => {
    lock();
    void go();
  });
  tiePush(screen("me"));
}

// Begin ----------------------------------------------------------------------------------------------

function registerWorker(): void {
  const address = document.body.dataset.worker;
  if (address && "serviceWorker" in navigator)
    void navigator.serviceWorker.register(address, { scope: "/field/" }).catch(() => {
      toast(said("noWorker"));
    });
}

window.addEventListener("hashchange", () => {
  arrived();
  void go();
});
window.addEventListener("offline", () => void network());
window.addEventListener("online", () => {
  void network();
  setTimeout(() => void refreshAll(), Math.random() * 3_000);
});
document.addEventListener("pointerdown", () => {
  lastTouched = Date.now();
});
document.addEventListener("input", () => {
  lastTouched = Date.now();
});
let drawing: ReturnType<typeof setTimeout> | undefined;
changed.addEventListener("change", () => {
  drawing ??= setTimeout(() => {
    drawing = undefined;
    void drawAgain();
  }, 100); // a long queue changes faster than anybody reads
});
changed.addEventListener("revoked", () => {
  lock();
  toast(said("gone"));
  void go();
});
navigator.storage.persist().catch(() => false);
registerWorker();
tieSize();
tieDoor();
tieMe();
watch();
setInterval(tick, POLL);
void go();

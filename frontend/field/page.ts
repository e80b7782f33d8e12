/** Screens and pieces of the one page. Every text stands in the page, made by the server; nothing is made of strings. */
import { all, find } from "../elements/dom";

export function template(name: string): DocumentFragment {
  const found = document.getElementById(`t-${name}`);
  if (!(found instanceof HTMLTemplateElement)) throw new Error(`no template ${name}`);
  return document.importNode(found.content, true);
}

export type Values = Record<string, string | number | boolean | undefined>;

/** A piece with its `data-text` filled in; what has no text is taken away, and `data-if` what does not apply. */
export function piece(name: string, values: Values): HTMLElement {
  const fragment = template(name);
  fill(fragment, values);
  const element = fragment.firstElementChild;
  if (!(element instanceof HTMLElement)) throw new Error(`template ${name} is empty`);
  return element;
}

export function fill(root: ParentNode, values: Values): void {
  for (const place of all<HTMLElement>(root, "[data-text]")) {
    const value = values[place.dataset.text ?? ""];
    place.textContent = value === undefined ? "" : String(value);
    place.hidden = place.textContent === "";
  }
  for (const place of all<HTMLElement>(root, "[data-if]")) place.hidden = !values[place.dataset.if ?? ""];
  for (const link of all<HTMLAnchorElement>(root, "a[data-href]"))
    link.href = (link.dataset.href ?? "").replace(/\{(\w+)\}/g, (_all, name: string) => String(values[name] ?? ""));
}

export function screen(name: string): HTMLElement {
  const found = find<HTMLElement>(document, `[data-screen="${name}"]`);
  if (!found) throw new Error(`no screen ${name}`);
  return found;
}

/** Shows one screen and puts the focus on its heading. */
export function show(name: string): HTMLElement {
  let isOther = false;
  for (const each of all<HTMLElement>(document, "[data-screen]")) {
    const isIt = each.dataset.screen === name;
    isOther = isOther || (isIt && each.hidden !== false);
    each.hidden = !isIt;
  }
  const shown = screen(name);
  document.title = shown.dataset.title ?? document.title;
  document.body.classList.toggle("is-writing", find(shown, "[data-form]") !== null);
  for (const tab of all<HTMLAnchorElement>(document, ".ll-tabbar a"))
    if (tab.hash === `#${name}`) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  if (isOther) {
    window.scrollTo(0, 0);
    find<HTMLElement>(shown, "h1")?.focus();
  }
  return shown;
}

/** A text the page carries for scripts, with its values. */
export function said(name: string, values: Record<string, string | number> = {}): string {
  let text = document.getElementById("said")?.dataset[name] ?? name;
  for (const [key, value] of Object.entries(values)) text = text.replaceAll(`{${key}}`, String(value));
  return text;
}

let next = "";

/** Shows another screen, which says that text once it is there. */
export function moveOn(address: string, text = ""): void {
  next = text;
  if (location.hash === address) arrived();
  else location.hash = address;
}

/** Says what was left for the screen that was just reached, or nothing. */
export function arrived(): void {
  toast(next);
  next = "";
}

export function toast(text: string): void {
  const place = find<HTMLElement>(document, "[data-toast]");
  if (!place) return;
  place.textContent = text;
  place.hidden = text === "";
}

/** An instant in the reader's language. */
export function when(at: number | string): string {
  return formatted(new Date(at), { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** A date, or a part of one, in the reader's language. */
export function formatted(at: Date, form: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : "zh-CN", form).format(at);
}

import { all, amount, define, find, store } from "./dom";

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
interface Draft {
  at: number;
  values: Record<string, string[]>;
}

const DAY = 86_400_000;
const NEVER = new Set(["password", "file", "hidden", "submit", "button"]);

/**
 * `<ll-draft key="report" days="7">` around a form keeps what was typed on this device.
 * Fields with `data-private` (names, telephones) are never kept. Children: `[data-draft-kept]` and
 * `[data-draft-restored]` are shown when true, `button[data-draft-delete]` throws the draft away.
 * `<ll-draft key="report" clear>` on the receipt page forgets it.
 */
class DraftKeeper extends HTMLElement {
  private timer = 0;

  connectedCallback(): void {
    const form = find<HTMLFormElement>(this, "form");
    if (this.hasAttribute("clear")) store.remove(this.place);
    if (!form || this.hasAttribute("clear")) return;
    if (this.restore(form)) this.show("[data-draft-restored]", true);
    form.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => {
        this.keep(form);
      }, 500);
    });
    find(this, "[data-draft-delete]")?.addEventListener("click", () => {
      clearTimeout(this.timer);
      store.remove(this.place);
      form.reset();
      this.show("[data-draft-kept]", false);
      this.show("[data-draft-restored]", false);
    });
  }

  private get place(): string {
    return `linli-draft:${this.getAttribute("key") ?? location.pathname}`;
  }

  private fields(form: HTMLFormElement): Field[] {
    return all<Field>(form, "input[name], select[name], textarea[name]").filter(
      (field) => !NEVER.has(field.type) && !field.closest("[data-private]"),
    );
  }

  private keep(form: HTMLFormElement): void {
    const values: Record<string, string[]> = {};
    for (const field of this.fields(form)) {
      const chosen = !(field instanceof HTMLInputElement) || !isTick(field) || field.checked;
      if (chosen && field.value) (values[field.name] ??= []).push(field.value);
    }
    const draft: Draft = { at: Date.now(), values };
    if (store.set(this.place, JSON.stringify(draft))) this.show("[data-draft-kept]", true);
  }

  /** Fills only what is still empty, so a form refused by the server keeps the server's values. */
  private restore(form: HTMLFormElement): boolean {
    const draft = this.read();
    if (!draft || all(form, ".is-invalid").length > 0) return false;
    let filled = false;
    for (const field of this.fields(form)) {
      const kept = draft.values[field.name];
      if (!kept) continue;
      if (field instanceof HTMLInputElement && isTick(field)) {
        filled = filled || field.checked !== kept.includes(field.value);
        field.checked = kept.includes(field.value);
      } else if (!field.value && kept[0]) {
        field.value = kept[0];
        filled = true;
      }
    }
    return filled;
  }

  private read(): Draft | null {
    try {
      const draft = JSON.parse(store.get(this.place) ?? "null") as Draft | null;
      if (draft && Date.now() - draft.at < amount(this, "days", 7) * DAY) return draft;
    } catch {
      /* what is there is no draft of ours */
    }
    store.remove(this.place);
    return null;
  }

  private show(selector: string, shown: boolean): void {
    for (const element of all<HTMLElement>(this, selector)) element.hidden = !shown;
    for (const button of all<HTMLElement>(this, "[data-draft-delete]")) button.hidden = !shown;
  }
}

function isTick(field: HTMLInputElement): boolean {
  return field.type === "checkbox" || field.type === "radio";
}

define("ll-draft", DraftKeeper);

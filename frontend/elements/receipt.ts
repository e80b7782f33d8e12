import type { Key, Verdict } from "../receipts";
import { check, checkStatement, decoded, isAble, keyOf, witnessOf, words } from "../receipts";
import { all, define, find } from "./dom";

/**
 * `<ll-receipt>` around a form with `[data-file]`, `[data-key]`, `[data-checkpoint]`, `[data-witness]` and every sentence
 * there may be, hidden: `[data-step=signature][data-state=good]`, `[data-said]`, `[data-field=case]`, `[data-error=…]`.
 * A file, or what stands behind # in the address, is checked here; nothing is sent.
 */
class Receipt extends HTMLElement {
  private file = "";
  private kept = "";

  connectedCallback(): void {
    void this.begin();
  }

  private async begin(): Promise<void> {
    if (!(await isAble())) {
      this.show("error", "unable");
      return;
    }
    const form = find<HTMLElement>(this, "[data-form]");
    if (form) form.hidden = false;
    this.listen("file", (text) => (this.file = text));
    this.listen("checkpoint", (text) => (this.kept = text));
    for (const input of all<HTMLInputElement>(this, "[data-key], [data-witness]")) {
      input.addEventListener("change", () => void this.look());
    }
    await this.look();
  }

  private listen(name: string, keep: (text: string) => void): void {
    const input = find<HTMLInputElement>(this, `[data-${name}]`);
    input?.addEventListener("change", () => {
      void (async () => {
        keep((await input.files?.[0]?.text()) ?? "");
        await this.look();
      })();
    });
  }

  private async look(): Promise<void> {
    this.clear();
    const marked = location.hash.slice(1);
    if (!this.file && !marked) return;
    const key = await keyOf(this.written("key"));
    if (!key) {
      this.show("error", "key");
      return;
    }
    try {
      this.tell(this.file ? await check(this.file, key, await this.witnesses(), this.kept) : await statement(marked, key));
    } catch {
      this.show("error", "file");
    }
  }

  private async witnesses(): Promise<Key[]> {
    const found = await Promise.all(this.written("witness").split(/[\s,]+/).map(witnessOf));
    return found.filter((each): each is Key => each !== null);
  }

  private tell(verdict: Verdict): void {
    for (const [name, state] of Object.entries(verdict.steps)) {
      this.reveal(`[data-step="${name}"][data-state="${state}"]`);
    }
    const isBad = Object.values(verdict.steps).includes("bad");
    this.show("verdict", isBad ? "bad" : "good");
    this.fill("case", verdict.statement.case);
    this.fill("received", moment(verdict.statement.received_at, this.dataset.zone));
    this.fill("due", verdict.statement.promises.map((each) => limit(each.due_at, this.dataset.zone) || each.limit).join(" · "));
    this.fill("said", verdict.said);
    this.reveal("[data-facts]");
  }

  private written(name: string): string {
    return find<HTMLInputElement>(this, `[data-${name}]`)?.value ?? "";
  }

  private fill(name: string, text: string): void {
    const place = find<HTMLElement>(this, `[data-field="${name}"]`);
    if (place) place.textContent = text || "—";
  }

  private show(kind: string, name: string): void {
    this.reveal(`[data-${kind}="${name}"]`);
  }

  private reveal(selector: string): void {
    for (const each of all<HTMLElement>(this, selector)) each.hidden = false;
  }

  private clear(): void {
    const answers = "[data-step], [data-verdict], [data-error], [data-facts]";
    for (const each of all<HTMLElement>(this, answers)) each.hidden = true;
  }
}

function statement(marked: string, key: Key): Promise<Verdict> {
  const plain = marked.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = decoded(plain.padEnd(Math.ceil(plain.length / 4) * 4, "="));
  if (!bytes) throw new Error("not a receipt");
  return checkStatement(words(bytes), key);
}

/** In the county's time, as the paper has it, and as the page's language writes it. */
function moment(written: string | null, timeZone?: string): string {
  const at = new Date(written ?? "");
  if (Number.isNaN(at.getTime())) return "";
  return at.toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "short", timeZone });
}

/** A limit ends with its day: midnight is the 24:00 of the day before. */
function limit(written: string | null, timeZone?: string): string {
  const at = new Date(written ?? "");
  if (Number.isNaN(at.getTime())) return "";
  if (at.toLocaleTimeString("en-GB", { timeStyle: "short", timeZone }) !== "00:00") return moment(written, timeZone);
  const eve = new Date(at.getTime() - 1);
  const day = eve.toLocaleDateString(document.documentElement.lang, { dateStyle: "long", timeZone });
  return `${day} 24:00`;
}

define("ll-receipt", Receipt);

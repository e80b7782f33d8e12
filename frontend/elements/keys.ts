import { all, define, find, store } from "./dom";

const OFF = "linli-keys-off";

/**
 * `<ll-keys>` around a work list: J and K go down and up, X ticks, Enter opens (the link has the focus), / searches,
 * ? shows the help in `[data-keys-help]`; any other letter presses `[data-key="d"]` of the row at hand, else of the
 * page. `button[data-keys-toggle]` switches it off on this device, since single keys disturb speech input.
 */
class Keys extends HTMLElement {
  connectedCallback(): void {
    document.addEventListener("keydown", this.press);
    const toggle = find<HTMLButtonElement>(this, "[data-keys-toggle]");
    if (!toggle) return;
    toggle.hidden = false;
    toggle.setAttribute("aria-pressed", String(!this.off));
    toggle.addEventListener("click", () => {
      if (this.off) store.remove(OFF);
      else store.set(OFF, "1");
      toggle.setAttribute("aria-pressed", String(!this.off));
    });
  }

  disconnectedCallback(): void {
    document.removeEventListener("keydown", this.press);
  }

  private get off(): boolean {
    return store.get(OFF) !== null;
  }

  private get rows(): HTMLElement[] {
    return all<HTMLElement>(this, this.getAttribute("rows") ?? ".ll-work > li");
  }

  private readonly press = (event: KeyboardEvent): void => {
    const typing = (event.target as Element).closest("input:not([type=checkbox]), select, textarea, [contenteditable]");
    if (this.off || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.act(event.key.toLowerCase())) event.preventDefault();
  };

  private act(key: string): boolean {
    if (key === "j") return this.move(1);
    if (key === "k") return this.move(-1);
    if (key === "x") return click(this.current, "input[type=checkbox]");
    if (key === "/") {
      const search = find<HTMLElement>(this, "[data-search]") ?? find<HTMLElement>(document, "[data-search]");
      search?.focus();
      return search !== null;
    }
    if (key === "?") return this.help();
    if (!/^[a-z]$/.test(key)) return false;
    return click(this.current, `[data-key="${key}"]`) || this.pressOutside(key);
  }

  /** A key of the page itself; never that of a row nobody has gone to. */
  private pressOutside(key: string): boolean {
    const rows = this.rows;
    const found = all<HTMLElement>(this, `[data-key="${key}"]`).find((each) => !rows.some((row) => row.contains(each)));
    found?.click();
    return found !== undefined;
  }

  private get current(): HTMLElement | null {
    return this.rows.find((row) => row.contains(document.activeElement)) ?? null;
  }

  private move(step: number): boolean {
    const rows = this.rows;
    const at = this.current ? rows.indexOf(this.current) : step > 0 ? -1 : rows.length;
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    const link = next ? find<HTMLElement>(next, ".ll-what a, a, button") : null;
    link?.focus();
    next?.scrollIntoView({ block: "nearest" });
    return link !== null;
  }

  private help(): boolean {
    const help = find<HTMLElement>(this, "[data-keys-help]");
    if (help instanceof HTMLDetailsElement) help.open = !help.open;
    else if (help) help.hidden = !help.hidden;
    return help !== null;
  }
}

function click(root: Element | null, selector: string): boolean {
  const element = root ? find<HTMLElement>(root, selector) : null;
  element?.click();
  return element !== null;
}

define("ll-keys", Keys);

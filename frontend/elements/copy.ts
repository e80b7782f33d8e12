import { define, find, say } from "./dom";

/**
 * `<ll-copy text="7K3M-9QXT-2RB8V"><button hidden>…</button><span role="status" data-copied="…" data-failed="…">`.
 * The button shows only where the browser can copy.
 */
class Copy extends HTMLElement {
  connectedCallback(): void {
    const button = find<HTMLButtonElement>(this, "button");
    if (!button || !("clipboard" in navigator)) return;
    button.hidden = false;
    const status = find<HTMLElement>(this, "[role=status]");
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(this.getAttribute("text") ?? "").then(
        () => {
          say(status, "copied");
        },
        () => {
          say(status, "failed");
        },
      );
    });
  }
}

define("ll-copy", Copy);

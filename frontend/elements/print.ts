import { define, find } from "./dom";

/** `<ll-print><button hidden>…</button></ll-print>`: the button shows only where the browser can print. */
class Print extends HTMLElement {
  connectedCallback(): void {
    const button = find<HTMLButtonElement>(this, "button");
    if (!button || typeof print !== "function") return;
    button.hidden = false;
    button.addEventListener("click", () => {
      print();
    });
  }
}

define("ll-print", Print);

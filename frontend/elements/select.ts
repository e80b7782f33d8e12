import { all, define, find } from "./dom";

/**
 * `<ll-select name="case">` around a list of tick boxes: `.ll-bulk` appears with `[data-select-count]` once one is
 * ticked; `[data-select-all]` ticks all, `[data-select-clear]` none. Without script the bar simply stays.
 */
class Select extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("change", (event) => {
      const box = event.target as HTMLInputElement;
      if (box.matches("[data-select-all]")) this.tick(box.checked);
      this.count();
    });
    this.addEventListener("click", (event) => {
      if (!(event.target as Element).closest("[data-select-clear]")) return;
      this.tick(false);
      this.count();
    });
    this.addEventListener("htmx:afterSwap", () => {
      this.count();
    });
    this.count();
  }

  private get boxes(): HTMLInputElement[] {
    const name = CSS.escape(this.getAttribute("name") ?? "case");
    return all<HTMLInputElement>(this, `input[type=checkbox][name="${name}"]:not(:disabled)`);
  }

  private tick(on: boolean): void {
    for (const box of this.boxes) box.checked = on;
  }

  private count(): void {
    const boxes = this.boxes;
    const ticked = boxes.filter((box) => box.checked);
    for (const box of boxes) box.closest("li, tr")?.classList.toggle("is-picked", box.checked);
    for (const bar of all<HTMLElement>(this, ".ll-bulk")) bar.hidden = ticked.length === 0;
    for (const place of all(this, "[data-select-count]")) place.textContent = String(ticked.length);
    const every = find<HTMLInputElement>(this, "[data-select-all]");
    if (every) {
      every.checked = boxes.length > 0 && ticked.length === boxes.length;
      every.indeterminate = ticked.length > 0 && ticked.length < boxes.length;
    }
  }
}

define("ll-select", Select);

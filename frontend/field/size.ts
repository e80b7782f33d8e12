/** Size of text, chosen on the phone itself: it has to work without a network, where no page can be asked for. */
import { find, store } from "../elements/dom";

const KEY = "linli_size";
const LARGE = "large";

function put(size: string): void {
  if (size === LARGE) document.documentElement.dataset.linliSize = LARGE;
  else delete document.documentElement.dataset.linliSize;
  find(document, "[data-size]")?.setAttribute("aria-pressed", String(size === LARGE));
}

export function tieSize(): void {
  put(store.get(KEY) ?? document.documentElement.dataset.linliSize ?? "");
  find<HTMLButtonElement>(document, "[data-size]")?.addEventListener("click", () => {
    const size = document.documentElement.dataset.linliSize === LARGE ? "normal" : LARGE;
    store.set(KEY, size);
    put(size);
  });
}

import { all, find } from "./dom";

/** A row of chips that is wider than a phone begins at the current one: whoever opens a page sees where they are. */
function show(): void {
  for (const row of all<HTMLElement>(document, ".ll-chips.is-scroll")) {
    const chip = find(row, "[aria-current], [aria-pressed=true]");
    if (!chip || row.scrollWidth <= row.clientWidth) continue;
    const [outer, inner] = [row.getBoundingClientRect(), chip.getBoundingClientRect()];
    row.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
  }
}

show();
document.addEventListener("htmx:afterSettle", show);

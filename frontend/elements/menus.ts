import { all } from "./dom";

/** Menus (`details.ll-more`) close on Escape, giving the focus back, and when the focus or a press goes elsewhere. */
function close(except: Node | null): void {
  for (const menu of all<HTMLDetailsElement>(document, "details.ll-more[open]"))
    if (!except || !menu.contains(except)) menu.open = false;
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest<HTMLDetailsElement>("details.ll-more[open]");
  if (menu) menu.querySelector("summary")?.focus();
  close(null);
});
document.addEventListener("click", (event) => {
  close(event.target as Node);
});
document.addEventListener("focusin", (event) => {
  close(event.target as Node);
});

import { all, define } from "./dom";

interface Choice {
  value: string;
  label: string;
}

/**
 * `<ll-cascade src="/places">` around selects that each have `data-level`, from wide to narrow. Choosing in one asks
 * `src?parent=<value>` for `{"items": [{"value", "label"}]}` and fills the next; the first option of each stays.
 * `data-selected` on a select is chosen once its options are there.
 */
class Cascade extends HTMLElement {
  private round = 0;

  connectedCallback(): void {
    this.addEventListener("change", (event) => {
      const index = this.selects.indexOf(event.target as HTMLSelectElement);
      if (index >= 0) void this.fill(index + 1);
    });
    const first = this.selects.findIndex((select, index) => index > 0 && select.options.length < 2);
    if (first > 0 && this.selects[first - 1]?.value) void this.fill(first);
    else for (const select of first > 0 ? this.selects.slice(first) : []) select.disabled = true;
  }

  private get selects(): HTMLSelectElement[] {
    return all<HTMLSelectElement>(this, "select[data-level]");
  }

  private async fill(index: number): Promise<void> {
    const round = ++this.round;
    const select = this.selects[index];
    for (const narrower of this.selects.slice(index)) {
      narrower.length = Math.min(1, narrower.length);
      narrower.disabled = true;
    }
    const parent = this.selects[index - 1]?.value;
    if (!select || !parent) return;
    const items = await this.ask(parent);
    if (round !== this.round) return; // chosen again in the meantime
    for (const item of items) select.add(new Option(item.label, item.value));
    select.disabled = items.length === 0;
    const wanted = select.dataset.selected;
    delete select.dataset.selected;
    if (wanted && items.some((item) => item.value === wanted)) {
      select.value = wanted;
      await this.fill(index + 1);
    }
  }

  private async ask(parent: string): Promise<Choice[]> {
    const url = new URL(this.getAttribute("src") ?? "", location.href);
    url.searchParams.set("parent", parent);
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      return answer.ok ? ((await answer.json()) as { items: Choice[] }).items : [];
    } catch {
      return [];
    }
  }
}

define("ll-cascade", Cascade);

/** What the elements share. Every text they show comes from the server, in an attribute or a child. */

export function find<T extends Element>(root: ParentNode, selector: string): T | null {
  return root.querySelector<T>(selector);
}

export function all<T extends Element>(root: ParentNode, selector: string): T[] {
  return Array.from(root.querySelectorAll<T>(selector));
}

/** A number from an attribute, or the fallback where it is missing or no number. */
export function amount(element: Element, name: string, fallback: number): number {
  const value = Number(element.getAttribute(name) ?? Number.NaN);
  return Number.isFinite(value) ? value : fallback;
}

/** Shows one of the texts an element carries as `data-<name>`, in its `[role=status]`. */
export function say(status: HTMLElement | null, name: string, values: Record<string, string> = {}): void {
  if (!status) return;
  let text = status.dataset[name] ?? "";
  for (const [key, value] of Object.entries(values)) text = text.replace(`{${key}}`, value);
  status.textContent = text;
  status.hidden = text === "";
}

export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}

/** localStorage that never throws: private windows and full disks are ordinary. */
export const store = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key: string, value: string): boolean {
    try {
      localStorage.setItem(key, value);
      return true;
    } catch {
      return false;
    }
  },
  remove(key: string): void {
    try {
      localStorage.removeItem(key);
    } catch {
      /* nothing was kept */
    }
  },
};

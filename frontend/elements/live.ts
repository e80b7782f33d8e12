import htmx from "htmx.org";

import { all, amount, define, find } from "./dom";

/**
 * `<ll-live src="/desk/pulse" every="30">` asks again while the page is looked at; an unchanged answer is a 304.
 * JSON `{"counts": {"work": 23}}` sets every `[data-count="work"]` of the page. HTML replaces the inside of the
 * element named by `target` (default: itself), unless somebody is at work in it: then `[data-live-news]`
 * appears, and pressing it takes the news in. Event `ll-live` tells of each change.
 */
class Live extends HTMLElement {
  private timer = 0;
  private version = "";
  private waiting = "";

  connectedCallback(): void {
    document.addEventListener("visibilitychange", this.wake);
    this.addEventListener("click", this.onClick);
    this.version = this.getAttribute("version") ?? "";
    this.plan();
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.wake);
  }

  private get place(): HTMLElement {
    const selector = this.getAttribute("target");
    return (selector ? find<HTMLElement>(document, selector) : null) ?? this;
  }

  private plan(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(this.wake, amount(this, "every", 30) * 1000);
  }

  private readonly wake = (): void => {
    if (document.visibilityState === "visible") void this.ask();
  };

  private readonly onClick = (event: Event): void => {
    if ((event.target as Element).closest("[data-live-news]") && this.waiting) this.swap(this.waiting);
  };

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    try {
      const headers: Record<string, string> = { "X-Linli-Live": "1" };
      if (this.version) headers["If-None-Match"] = this.version;
      const answer = await fetch(this.getAttribute("src") ?? "", { headers, cache: "no-store", redirect: "error" });
      if (answer.ok) await this.take(answer);
    } catch {
      /* offline, or signed out: the page stays as it is and we ask again later */
    }
    this.plan();
  }

  private async take(answer: Response): Promise<void> {
    this.version = answer.headers.get("ETag") ?? "";
    if ((answer.headers.get("Content-Type") ?? "").includes("json")) {
      const { counts } = (await answer.json()) as { counts?: Record<string, number> };
      for (const [key, count] of Object.entries(counts ?? {})) show(key, count);
    } else {
      const html = await answer.text();
      if (busy(this.place)) {
        this.waiting = html;
        this.news(true);
      } else this.swap(html);
    }
    this.dispatchEvent(new CustomEvent("ll-live", { bubbles: true }));
  }

  private swap(html: string): void {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    this.place.replaceChildren(...Array.from(parsed.body.childNodes));
    htmx.process(this.place);
    this.waiting = "";
    this.news(false);
  }

  private news(shown: boolean): void {
    for (const element of all<HTMLElement>(this, "[data-live-news]")) element.hidden = !shown;
  }
}

function show(key: string, count: number): void {
  for (const badge of all<HTMLElement>(document, `[data-count="${CSS.escape(key)}"]`)) {
    badge.textContent = String(count);
    badge.hidden = count === 0;
  }
}

/** Somebody has the focus in it or has ticked a box: it must not change under their hands. */
function busy(place: HTMLElement): boolean {
  return place.contains(document.activeElement) || find(place, "input:checked, details[open]") !== null;
}

define("ll-live", Live);

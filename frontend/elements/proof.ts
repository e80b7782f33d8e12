import { define, find } from "./dom";
import { leadingZeros } from "./sha256";

const SLICE = 6; // milliseconds of work, then the page has its turn

/**
 * `<ll-proof challenge="…" bits="15"><input type=hidden name=proof></ll-proof>`: finds a number for which the SHA-256
 * of challenge, colon and number begins with so many zero bits. It is there long before somebody has written a
 * report, and costs whoever sends thousands some time. Nothing is asked of the person, and no other host.
 */
class Proof extends HTMLElement {
  private n = 0;

  connectedCallback(): void {
    const input = find<HTMLInputElement>(this, "input");
    const challenge = this.getAttribute("challenge") ?? "";
    const bits = Number(this.getAttribute("bits"));
    if (!input || !challenge || !(bits > 0)) return;
    if (input.value && leadingZeros(`${challenge}:${input.value}`) >= bits) return;
    this.work(input, challenge, bits);
  }

  private work(input: HTMLInputElement, challenge: string, bits: number): void {
    const until = performance.now() + SLICE;
    while (performance.now() < until) {
      const tried = this.n.toString(36);
      if (leadingZeros(`${challenge}:${tried}`) >= bits) {
        input.value = tried;
        return;
      }
      this.n += 1;
    }
    if (this.isConnected)
      setTimeout(() => {
        this.work(input, challenge, bits);
      });
  }
}

define("ll-proof", Proof);

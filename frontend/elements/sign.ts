import { define, find, say } from "./dom";

type Point = [number, number];
type Stroke = Point[];

const MOST_STROKES = 200;
const MOST_POINTS = 5000;
const NEAR = 0.003; // points closer than this, of a field one wide, add nothing

/**
 * `<ll-sign>`: a field to sign in with finger, pen or mouse. Put it on a page with
 * `{% include "linli/includes/sign.html" %}`; the form around it posts the strokes. Children:
 *
 * - `input[type=hidden]`: the strokes as JSON, lines of `[x, y]` between 0 and 1 of a field twice as wide as high;
 *   at most 200 strokes and 5000 points. What it holds at first is drawn, so a refused form loses nothing.
 * - `[data-pad]`, hidden without script, with the `canvas`, `button[data-undo]` and `button[data-clear]`.
 * - `[role=status]` with `data-empty`, `data-drawn` ({n}) and `data-full`.
 * - `[data-without]`: what to do where nothing can be drawn; it goes when the pad comes.
 *
 * Sends a `change` event after each stroke. A typed name is no signature, so there is no field for one.
 */
class Sign extends HTMLElement {
  private strokes: Stroke[] = [];
  private drawing: number | null = null;
  private watch: ResizeObserver | null = null;

  connectedCallback(): void {
    const canvas = this.canvas;
    const pad = find<HTMLElement>(this, "[data-pad]");
    if (!canvas || !pad || !this.input || typeof PointerEvent === "undefined") return;
    pad.hidden = false;
    find<HTMLElement>(this, "[data-without]")?.remove();
    this.strokes = read(this.input.value);
    canvas.addEventListener("pointerdown", this.begin);
    canvas.addEventListener("pointermove", this.go);
    canvas.addEventListener("pointerup", this.end);
    canvas.addEventListener("pointercancel", this.end);
    find(this, "[data-undo]")?.addEventListener("click", this.undo);
    find(this, "[data-clear]")?.addEventListener("click", this.clear);
    this.watch = new ResizeObserver(() => {
      this.draw();
    });
    this.watch.observe(canvas);
    this.tell();
  }

  disconnectedCallback(): void {
    this.watch?.disconnect();
  }

  private get canvas(): HTMLCanvasElement | null {
    return find<HTMLCanvasElement>(this, "canvas");
  }

  private get input(): HTMLInputElement | null {
    return find<HTMLInputElement>(this, "input[type=hidden]");
  }

  private readonly begin = (event: PointerEvent): void => {
    if (this.drawing !== null || event.button !== 0) return;
    event.preventDefault();
    if (this.strokes.length >= MOST_STROKES) {
      say(this.status, "full");
      return;
    }
    this.drawing = event.pointerId;
    this.canvas?.setPointerCapture(event.pointerId);
    this.strokes.push([this.point(event)]);
    this.draw();
  };

  private readonly go = (event: PointerEvent): void => {
    const stroke = this.strokes.at(-1);
    if (event.pointerId !== this.drawing || !stroke) return;
    event.preventDefault();
    const between = typeof event.getCoalescedEvents === "function" ? event.getCoalescedEvents() : [];
    for (const each of between.length > 0 ? between : [event]) {
      const point = this.point(each);
      if (isFar(stroke.at(-1), point)) stroke.push(point);
    }
    if (count(this.strokes) > MOST_POINTS) this.strokes = thinned(this.strokes);
    this.draw();
  };

  private readonly end = (event: PointerEvent): void => {
    if (event.pointerId !== this.drawing) return;
    this.drawing = null;
    this.put();
  };

  private readonly undo = (): void => {
    this.strokes.pop();
    this.put();
  };

  private readonly clear = (): void => {
    this.strokes = [];
    this.put();
  };

  private point(event: PointerEvent): Point {
    const box = this.canvas?.getBoundingClientRect() ?? new DOMRect(0, 0, 1, 1);
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }

  private put(): void {
    if (this.input) this.input.value = this.strokes.length > 0 ? JSON.stringify(this.strokes) : "";
    this.draw();
    this.tell();
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  private get status(): HTMLElement | null {
    return find<HTMLElement>(this, "[role=status]");
  }

  private tell(): void {
    const drawn = this.strokes.length;
    if (drawn > 0) say(this.status, "drawn", { n: String(drawn) });
    else say(this.status, "empty");
    for (const name of ["[data-undo]", "[data-clear]"]) {
      const button = find<HTMLButtonElement>(this, name);
      if (button) button.disabled = drawn === 0;
    }
  }

  /** Draws everything anew at the size and sharpness the screen has now. */
  private draw(): void {
    const canvas = this.canvas;
    const pen = canvas?.getContext("2d");
    if (!canvas || !pen) return;
    const sharp = Math.max(1, Math.min(3, devicePixelRatio || 1));
    const width = Math.round(canvas.clientWidth * sharp);
    const height = Math.round(canvas.clientHeight * sharp);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    pen.clearRect(0, 0, width, height);
    pen.strokeStyle = getComputedStyle(canvas).color;
    pen.fillStyle = pen.strokeStyle;
    pen.lineWidth = Math.max(2, width * 0.0085);
    pen.lineCap = "round";
    pen.lineJoin = "round";
    for (const stroke of this.strokes) trace(pen, stroke, width, height);
  }
}

/** One stroke, rounded through the middles of its points; a single point is a dot. */
function trace(pen: CanvasRenderingContext2D, stroke: Stroke, width: number, height: number): void {
  const [first, ...rest] = stroke;
  if (!first) return;
  pen.beginPath();
  if (rest.length === 0) {
    pen.arc(first[0] * width, first[1] * height, pen.lineWidth * 0.7, 0, 2 * Math.PI);
    pen.fill();
    return;
  }
  pen.moveTo(first[0] * width, first[1] * height);
  let last = first;
  for (const next of rest) {
    const middle: Point = [(last[0] + next[0]) / 2, (last[1] + next[1]) / 2];
    pen.quadraticCurveTo(last[0] * width, last[1] * height, middle[0] * width, middle[1] * height);
    last = next;
  }
  pen.lineTo(last[0] * width, last[1] * height);
  pen.stroke();
}

function isFar(from: Point | undefined, to: Point): boolean {
  return !from || Math.hypot(from[0] - to[0], (from[1] - to[1]) / 2) >= NEAR;
}

function within(part: number): number {
  return Math.round(Math.max(0, Math.min(1, part)) * 1e4) / 1e4;
}

function count(strokes: Stroke[]): number {
  return strokes.reduce((sum, stroke) => sum + stroke.length, 0);
}

/** Every other point, the ends of each stroke kept. */
function thinned(strokes: Stroke[]): Stroke[] {
  return strokes.map((stroke) => stroke.filter((_, n) => n % 2 === 0 || n === stroke.length - 1));
}

function read(value: string): Stroke[] {
  try {
    const strokes = JSON.parse(value || "[]") as unknown;
    if (Array.isArray(strokes) && strokes.every(isStroke)) return strokes as Stroke[];
  } catch {
    /* what is there is no drawing of ours */
  }
  return [];
}

function isStroke(stroke: unknown): boolean {
  return (
    Array.isArray(stroke) &&
    stroke.length > 0 &&
    stroke.every(
      (point) => Array.isArray(point) && point.length === 2 && point.every((part) => typeof part === "number"),
    )
  );
}

define("ll-sign", Sign);

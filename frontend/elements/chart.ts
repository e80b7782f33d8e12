import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type EChartsType, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

import { all, amount, define, find } from "./dom";

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

type Form = "line" | "bar" | "columns" | "stack";

interface Series {
  name: string;
  values: (number | null)[];
}

const COLOURS = ["brand-solid", "accent", "line-strong", "danger"];
const NARROW = 480;
const FEW = 12;
const LINE = 16;
const MOST_LINES = 3; // of a name; of a handful of bars it may have twice as many
const HANDFUL = 6;
const AIR = 1.25; // what a name takes more than its letters, because lines break between words
const LETTER = 13; // pixels of a Chinese character; others take some more than half

/**
 * `<ll-chart form="line|bar|columns|stack" unit="%" floor="0">` draws the table inside it: the first column names, every
 * further column with a heading is a series; a cell says its number in `data-value` or as its text, and “—” is a gap.
 * The table is the chart for who cannot see it and without script; the drawing goes into `.ll-chart-canvas` before it
 * and is silent. Rows of a table lead where their links lead: pressing a bar opens the link of its cell.
 */
class Chart extends HTMLElement {
  private chart: EChartsType | null = null;
  private watch: ResizeObserver | null = null;
  private most = MOST_LINES;

  connectedCallback(): void {
    const canvas = find<HTMLElement>(this, ".ll-chart-canvas");
    const table = find<HTMLTableElement>(this, "table");
    if (!canvas || !table || this.chart) return;
    canvas.hidden = false;
    this.chart = init(canvas, null, { renderer: "svg" });
    this.draw(table);
    this.chart.on("click", (at) => {
      const link = find<HTMLAnchorElement>(cells(table, at.seriesIndex ?? 0)[at.dataIndex] ?? table, "a");
      if (link) location.assign(link.href);
    });
    this.watch = new ResizeObserver(() => {
      this.chart?.resize();
      this.draw(table);
    });
    this.watch.observe(canvas);
    addEventListener("beforeprint", this.fit);
  }

  disconnectedCallback(): void {
    removeEventListener("beforeprint", this.fit);
    this.watch?.disconnect();
    this.chart?.dispose();
    this.chart = null;
  }

  private readonly fit = (): void => {
    this.chart?.resize();
  };

  private colour(token: string): string {
    return getComputedStyle(this).getPropertyValue(`--ll-${token}`).trim();
  }

  private draw(table: HTMLTableElement): void {
    const form = (this.getAttribute("form") ?? "bar") as Form;
    const [names, series] = read(table);
    const words = { color: this.colour("ink-2"), fontFamily: getComputedStyle(this).fontFamily, fontSize: 13 };
    const room = this.clientWidth < NARROW;
    const torn = room || names.some((name) => width(name) > this.each(names.length));
    const lies = form === "bar" || (form === "columns" && torn && names.length <= FEW);
    this.give(lies ? names : []);
    const kinds = { type: "category" as const, data: names, inverse: lies, axisTick: { show: false } };
    const unit = this.getAttribute("unit") ?? "";
    const floor = amount(this, "floor", 0);
    const numbers = {
      type: "value" as const,
      min: floor,
      ...(unit === "%" ? { max: 100, interval: (100 - floor) / steps(100 - floor, room) } : {}),
      minInterval: unit ? 0 : 1,
      splitNumber: room ? 3 : 5,
      axisLabel: { ...words, formatter: `{value}${unit}` },
      splitLine: { lineStyle: { color: this.colour("line") } },
    };
    const along = {
      ...kinds,
      axisLine: { lineStyle: { color: this.colour("line-strong") } },
      axisLabel: { ...words, ...this.room(lies, names.length) },
    };
    this.chart?.setOption(
      {
        animation: false,
        color: COLOURS.map((token) => this.colour(token)),
        textStyle: words,
        grid: { left: 4, right: 16, top: series.length > 1 ? (room ? 60 : 36) : 12, bottom: 4, containLabel: true },
        legend: { show: series.length > 1, top: 0, left: 0, textStyle: words, itemHeight: 10 },
        tooltip: {
          trigger: "axis",
          renderMode: "richText",
          confine: true,
          backgroundColor: this.colour("surface"),
          borderColor: this.colour("line"),
          textStyle: { ...words, color: this.colour("ink") },
          valueFormatter: (value: unknown) => (typeof value === "number" ? `${value}${unit}` : "—"),
        },
        xAxis: lies ? numbers : along,
        yAxis: lies ? along : numbers,
        series: series.map((one, place) => this.series(one, form, place)),
      },
      { notMerge: true },
    );
  }

  /** How much of a name is written: lying, or few, over several lines; of many months as much as fits one line. */
  private room(lies: boolean, names: number): object {
    if (lies) return { interval: 0, width: this.beside, overflow: "break", lineHeight: LINE, formatter: this.shortened };
    if (names > FEW) return { interval: "auto" };
    return { interval: 0, width: this.each(names), overflow: "break" };
  }

  /** As much of a name as fits the most lines: places that are shown together have very long ones; the table has all. */
  private readonly shortened = (name: string): string => {
    const fits = (this.most * this.beside) / AIR;
    if (width(name) <= fits) return name;
    let kept = name;
    while (width(kept) > fits) kept = kept.slice(0, -1);
    return `${kept.trimEnd()}…`;
  };

  /** The pixels beside lying bars. */
  private get beside(): number {
    return this.clientWidth < NARROW ? 104 : Math.max(150, Math.floor(0.28 * this.clientWidth));
  }

  /** The pixels below each of so many columns. */
  private each(names: number): number {
    return Math.floor((this.clientWidth - 56) / names) - 4;
  }

  /** Every lying bar has the height of the lines its name may take. */
  private give(names: string[]): void {
    const canvas = find<HTMLElement>(this, ".ll-chart-canvas");
    this.most = names.length > HANDFUL ? MOST_LINES : 2 * MOST_LINES;
    const lines = Math.min(this.most, Math.max(...names.map((name) => Math.ceil((AIR * width(name)) / this.beside))));
    if (canvas) canvas.style.minHeight = names.length ? `${names.length * Math.max(24, lines * LINE + 4) + 48}px` : "";
    this.chart?.resize();
  }

  private series(one: Series, form: Form, place: number): object {
    const shared = { name: one.name, data: one.values };
    if (form === "line") {
      const dashed = place > 0 ? { lineStyle: { type: "dashed", width: 2 } } : { lineStyle: { width: 2.5 } };
      return { ...shared, ...dashed, type: "line", symbolSize: 7, connectNulls: false };
    }
    return { ...shared, type: "bar", barMaxWidth: 28, ...(form === "stack" ? { stack: "all" } : {}) };
  }
}

/** About how wide a name is. */
function width(name: string): number {
  let found = 0;
  for (const letter of name) found += letter > "\u2e7f" ? LETTER : 0.58 * LETTER;
  return found;
}

/** Steps of an axis of shares, all equal and of whole tens where they can be. */
function steps(span: number, room: boolean): number {
  if (span === 100) return room ? 4 : 5;
  const tens = span / 10;
  return tens % 2 === 0 && (room || tens > 5) ? tens / 2 : tens;
}

function read(table: HTMLTableElement): [string[], Series[]] {
  const names = all(table, "tbody th").map((cell) => cell.textContent.trim());
  const heads = all(table, "thead th:not(:first-child):not([data-apart])");
  return [
    names,
    heads.map((head, place) => ({
      name: head.textContent.trim(),
      values: cells(table, place).map((cell) => number(cell)),
    })),
  ];
}

function cells(table: HTMLTableElement, place: number): HTMLElement[] {
  return all<HTMLElement>(table, `tbody td:nth-of-type(${place + 1})`);
}

function number(cell: HTMLElement): number | null {
  const said = cell.dataset.value ?? cell.textContent.replace(/[\s,%]/g, "");
  const value = Number(said);
  return said === "" || Number.isNaN(value) ? null : value;
}

define("ll-chart", Chart);

import type { Feature, FeatureCollection } from "geojson";
import {
  Canvas,
  CircleMarker,
  Control,
  GeoJSON,
  LatLng,
  type Layer,
  LayerGroup,
  Map as LeafletMap,
  type PathOptions,
  TileLayer,
} from "leaflet/dist/leaflet-src.esm.js";
import Supercluster, { type ClusterFeature, type InputFeature, type PointFeature } from "supercluster";

import { amount, define, find, say } from "./dom";

interface Props {
  code?: string;
  name?: string;
  note?: string;
  url?: string;
  state?: "late" | "soon" | "done";
  shades?: number[];
  said?: string[];
}

/** Of shaded areas: the highest number of each shade in words, "" for one that no number has. */
interface Areas extends FeatureCollection {
  shades?: string[];
}

const MOST_LABELS = 40;
const SHADES = [0, 0.14, 0.32, 0.5, 0.68, 0.86];
const TOGETHER = 48; // pixels within which points become one
const TILE = 256; // pixels of a tile, in which the distance above is told
const ALONE = 15; // from this zoom on every point stands for itself
const NEAR = 16;
const IN_ITS_TOWN = 13; // without tiles the outline around a point is all that says where it is

/** A circle with its number, drawn on the canvas: hundreds of labels in the page would hold up every move. */
class Gathered extends CircleMarker {
  private n = "";
  declare private readonly _point: { x: number; y: number };
  declare private readonly _renderer: { _updateCircle(circle: CircleMarker): void; _drawing: boolean; _ctx: CanvasRenderingContext2D };

  of(n: number): this {
    this.n = String(n);
    return this;
  }

  /** Leaflet's own hook, called whenever the canvas draws this circle. */
  protected _updatePath(): void {
    this._renderer._updateCircle(this);
    if (!this._renderer._drawing) return;
    const canvas = this._renderer._ctx;
    canvas.fillStyle = this.options.color ?? "";
    canvas.font = `700 13px ${getComputedStyle(canvas.canvas).fontFamily}`;
    canvas.textAlign = "center";
    canvas.textBaseline = "middle";
    canvas.fillText(this.n, this._point.x, this._point.y + 1);
  }
}

/**
 * `<ll-map src="…geojson" points="…geojson" lon="114.0" lat="31.2" zoom="13" highlight="CODE" pick tall labels
 *   tiles="https://…/{z}/{x}/{y}.png" attribution="…" zoom-in="放大" zoom-out="缩小">`
 * with a `.ll-map-canvas` inside. `labels` writes the names of areas into them. `pick` lets a point be chosen: it goes into `input[data-lon]` and `input[data-lat]`
 * and, told by `ll-pick` ({lon, lat, accuracy}), to whoever listens. `button[data-locate]` asks for the position once;
 * `button[data-centre]` takes the middle of the map, for the keyboard. `[role=status]` carries the texts:
 * data-asking, data-refused, data-picked, data-located ({m}), data-failed.
 * Properties of a feature: code, name, note, url, state (late, soon, done); of an area on a map with `shaded`: shades (0 to 5)
 * and said, one for each step of `input[type=range]`, whose words stand in its `data-steps` (joined by |) and go into
 * `output`, and what each shade stands for into `[data-legend]`; with its months in `data-months`, an area opens to its url with the month of the step. `clusters` draws near points as one with their number. A map never is the only way.
 */
class MapView extends HTMLElement {
  private map: LeafletMap | null = null;
  private pin: CircleMarker | null = null;
  private step = 0;

  connectedCallback(): void {
    const canvas = find<HTMLElement>(this, ".ll-map-canvas");
    if (!canvas || this.map) return;
    canvas.hidden = false;
    const map = new LeafletMap(canvas, {
      renderer: new Canvas({ padding: 0.3 }),
      preferCanvas: true,
      zoomControl: false,
      attributionControl: this.hasAttribute("tiles"),
      maxZoom: 18,
      zoomSnap: 0.25,
    });
    this.map = map;
    const zoom = { zoomInTitle: this.text("zoom-in"), zoomOutTitle: this.text("zoom-out") };
    map.addControl(new Control.Zoom(zoom));
    map.setView(new LatLng(amount(this, "lat", 31.2), amount(this, "lon", 114)), amount(this, "zoom", 11));
    this.addTiles(map);
    void this.load(map);
    if (this.hasAttribute("pick")) this.letPick(map);
    else if (this.hasAttribute("lon")) this.mark(new LatLng(amount(this, "lat", 0), amount(this, "lon", 0)));
  }

  disconnectedCallback(): void {
    this.map?.remove();
    this.map = null;
  }

  private text(name: string): string {
    return this.getAttribute(name) ?? "";
  }

  private get status(): HTMLElement | null {
    return find<HTMLElement>(this, "[role=status]");
  }

  private colour(token: string): string {
    return getComputedStyle(this).getPropertyValue(`--ll-${token}`).trim() || "#0d5f57";
  }

  private addTiles(map: LeafletMap): void {
    const url = this.text("tiles");
    if (!url) return;
    map.attributionControl.setPrefix(false);
    map.addLayer(new TileLayer(url, { attribution: this.text("attribution"), maxZoom: 18 }));
  }

  private async load(map: LeafletMap): Promise<void> {
    try {
      const [areas, points] = await Promise.all([read(this.text("src")), read(this.text("points"))]);
      const shapes = areas ? this.areas(areas).addTo(map) : null;
      if (shapes && this.hasAttribute("shaded")) this.slide(shapes);
      this.explain(areas?.shades ?? []);
      const near = points !== null && this.hasAttribute("clusters");
      if (near) this.gather(points, map);
      const dots = points && !near ? this.dots(points).addTo(map) : null;
      this.pin?.bringToFront(); // it was there before the areas
      const around = dots?.getLayers().length ? dots : shapes;
      const fixed = this.hasAttribute("lon") && this.hasAttribute("zoom");
      if (around?.getLayers().length && !fixed) map.fitBounds(around.getBounds(), { padding: [12, 12] });
      if (this.hasAttribute("labels")) {
        map.on("zoomend", this.tidy);
        this.tidy();
      }
    } catch {
      say(this.status, "failed");
    }
  }

  /** Of names that would lie over each other the first stays; going nearer shows the others. */
  private readonly tidy = (): void => {
    const kept: DOMRect[] = [];
    for (const label of this.querySelectorAll<HTMLElement>(".ll-map-label")) {
      label.hidden = false;
      const box = label.getBoundingClientRect();
      label.hidden = kept.some((other) => overlap(box, other));
      if (!label.hidden) kept.push(box);
    }
  };

  /** Every area takes the shade of the chosen step; the words of the step stand beside the slider. */
  private slide(shapes: GeoJSON): void {
    const slider = find<HTMLInputElement>(this, "input[type=range]");
    const words = slider?.dataset.steps?.split("|") ?? [];
    const show = (): void => {
      this.step = slider ? Number(slider.value) : 0;
      const output = find<HTMLOutputElement>(this, "output");
      if (output) output.textContent = words[this.step] ?? "";
      shapes.setStyle((feature) => this.shade(feature));
    };
    slider?.addEventListener("input", show);
    show();
  }

  private explain(shades: string[]): void {
    const list = find<HTMLElement>(this, "[data-legend]");
    if (!list) return;
    for (const [place, words] of shades.entries()) {
      if (!words) continue;
      const item = document.createElement("li");
      const key = document.createElement("span");
      key.style.opacity = String(SHADES[place + 1] ?? 1);
      item.append(key, `≤ ${words}`);
      list.append(item);
    }
    list.hidden = list.children.length === 0;
  }

  private shade(feature?: Feature): PathOptions {
    const shade = props(feature).shades?.[this.step] ?? 0;
    return {
      color: this.colour("line-strong"),
      weight: 1,
      fillColor: this.colour(shade ? "brand-solid" : "surface"),
      fillOpacity: shade ? (SHADES[shade] ?? 0.86) : 0.9,
    };
  }

  /** Points near one another are one circle with their number; pressing it goes nearer. */
  private gather(data: FeatureCollection, map: LeafletMap): void {
    const index = new Supercluster<Props, Props>({ radius: TOGETHER, extent: TILE, maxZoom: ALONE });
    index.load(data.features as InputFeature<Props>[]);
    const layer = new LayerGroup().addTo(map);
    const draw = (): void => {
      const seen = map.getBounds().pad(0.2);
      const box: [number, number, number, number] = [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()];
      layer.clearLayers();
      for (const one of index.getClusters(box, Math.floor(map.getZoom()))) layer.addLayer(this.cluster(one, index, map));
    };
    map.on("moveend", draw);
    draw();
  }

  private cluster(
    one: ClusterFeature<Props> | PointFeature<Props>,
    index: Supercluster<Props, Props>,
    map: LeafletMap,
  ): Layer {
    const at = new LatLng(one.geometry.coordinates[1] ?? 0, one.geometry.coordinates[0] ?? 0);
    if (!("cluster_id" in one.properties)) return this.dot(one, at);
    const { cluster_id: id, point_count: n } = one.properties;
    const looks = { color: this.colour("surface"), fillColor: this.colour("accent"), fillOpacity: 0.92, weight: 2 };
    const circle = new Gathered(at, { ...looks, radius: 10 + Math.min(14, 3 * Math.log2(n)) }).of(n);
    circle.on("click", () => {
      map.setView(at, index.getClusterExpansionZoom(id));
    });
    return circle;
  }

  private areas(data: FeatureCollection): GeoJSON {
    const chosen = this.text("highlight");
    const style = (feature?: Feature): PathOptions => {
      const is = chosen !== "" && props(feature).code === chosen;
      return {
        color: this.colour(is ? "brand" : "line-strong"),
        weight: is ? 2.5 : 1,
        dashArray: is ? "" : "4 3",
        fillColor: this.colour(is ? "brand-soft" : "surface"),
        fillOpacity: this.hasAttribute("tiles") ? 0.3 : 0.9,
      };
    };
    const said = this.hasAttribute("labels") && data.features.length <= MOST_LABELS ? label : this.named;
    return new GeoJSON(data, { style, onEachFeature: said, interactive: !this.hasAttribute("pick") });
  }

  private dots(data: FeatureCollection): GeoJSON {
    return new GeoJSON(data, { pointToLayer: (feature: Feature, at) => this.dot(feature, at) });
  }

  private dot(feature: Feature, at: LatLng): CircleMarker {
    const tokens = { late: "danger", soon: "accent", done: "line-strong" };
    const state = props(feature).state;
    const fillColor = this.colour(state ? tokens[state] : "brand-solid");
    const looks = { radius: 7, weight: 2, color: this.colour("surface"), fillColor, fillOpacity: 1 };
    const dot = new CircleMarker(at, looks);
    open(feature, dot);
    return dot;
  }

  /** A tooltip with the name, and on a shaded map with what is said of the area at the chosen step. */
  private readonly named = (feature: Feature, layer: Layer): void => {
    name(feature, layer);
    const said = props(feature).said;
    if (!said) return;
    layer.unbindTooltip();
    layer.off("click").on("click", () => {
      this.enter(props(feature).url);
    });
    const words = (): HTMLElement => {
      const box = document.createElement("span");
      box.textContent = `${props(feature).name ?? ""} ${said[this.step] ?? ""}`;
      return box;
    };
    layer.bindTooltip(words, { sticky: true });
  };

  /** The list behind the number of an area, of the month the slider stands on. */
  private enter(url?: string): void {
    if (!url) return;
    const there = new URL(url, location.href);
    const month = find<HTMLInputElement>(this, "input[type=range]")?.dataset.months?.split("|")[this.step];
    if (month) there.searchParams.set("month", month);
    location.assign(there.href);
  }

  private letPick(map: LeafletMap): void {
    const [lon, lat] = [find<HTMLInputElement>(this, "[data-lon]"), find<HTMLInputElement>(this, "[data-lat]")];
    if (lon?.value && lat?.value) {
      const at = new LatLng(Number(lat.value), Number(lon.value));
      this.mark(at);
      map.setView(at, NEAR);
    }
    map.on("click", (event) => {
      this.pick(event.latlng, null);
    });
    this.button("[data-centre]", () => {
      this.pick(map.getCenter(), null);
    });
    if ("geolocation" in navigator) this.button("[data-locate]", this.locate);
  }

  private button(selector: string, act: () => void): void {
    const button = find<HTMLButtonElement>(this, selector);
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", act);
  }

  private readonly locate = (): void => {
    say(this.status, "asking");
    const options = { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 };
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const at = new LatLng(coords.latitude, coords.longitude);
        this.map?.setView(at, this.hasAttribute("tiles") ? NEAR : IN_ITS_TOWN);
        this.pick(at, Math.round(coords.accuracy));
      },
      () => {
        say(this.status, "refused");
      },
      options,
    );
  };

  private pick(at: LatLng, accuracy: number | null): void {
    const [lon, lat] = [at.lng.toFixed(6), at.lat.toFixed(6)];
    for (const [selector, value] of [["[data-lon]", lon], ["[data-lat]", lat]] as const) {
      const input = find<HTMLInputElement>(this, selector);
      if (input) input.value = value;
    }
    this.mark(at);
    if (accuracy === null) say(this.status, "picked");
    else say(this.status, "located", { m: String(accuracy) });
    const detail = { lon: Number(lon), lat: Number(lat), accuracy };
    this.dispatchEvent(new CustomEvent("ll-pick", { bubbles: true, detail }));
  }

  private mark(at: LatLng): void {
    if (!this.map) return;
    this.pin?.remove();
    const looks = { radius: 10, weight: 3, color: this.colour("surface"), fillColor: this.colour("accent"), fillOpacity: 1 };
    this.pin = new CircleMarker(at, { ...looks, interactive: false }).addTo(this.map);
  }
}

async function read(url: string): Promise<Areas | null> {
  if (!url) return null;
  const answer = await fetch(url, { headers: { Accept: "application/geo+json, application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()) as Areas;
}

function overlap(one: DOMRect, other: DOMRect): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function props(feature?: Feature): Props {
  return feature?.properties ?? {};
}

/** The name stands in the middle of the area, for maps without a layer of tiles. */
function label(feature: Feature, layer: Layer): void {
  name(feature, layer);
  layer.unbindTooltip();
  const words = document.createElement("span");
  words.textContent = props(feature).name ?? "";
  layer.bindTooltip(words, { permanent: true, direction: "center", className: "ll-map-label", opacity: 1 });
}

function name(feature: Feature, layer: Layer): void {
  const { name: said, url } = props(feature);
  const label = document.createElement("span");
  label.textContent = said ?? "";
  if (said) layer.bindTooltip(label, { sticky: true });
  if (url)
    layer.on("click", () => {
      location.assign(url);
    });
}

/** A point opens to its words, with a link; the words are text nodes, so data never becomes markup. */
function open(feature: Feature, layer: Layer): void {
  const { name: said, note, url } = props(feature);
  const box = document.createElement("div");
  const title = document.createElement(url ? "a" : "b");
  if (title instanceof HTMLAnchorElement && url) title.href = url;
  title.textContent = said ?? "";
  box.append(title);
  if (note) {
    const line = document.createElement("div");
    line.className = "small ll-2";
    line.textContent = note;
    box.append(line);
  }
  layer.bindPopup(box);
}

define("ll-map", MapView);

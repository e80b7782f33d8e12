import type { Feature, FeatureCollection } from "geojson";
import {
  Canvas,
  CircleMarker,
  Control,
  GeoJSON,
  LatLng,
  type Layer,
  Map as LeafletMap,
  type PathOptions,
  TileLayer,
} from "leaflet/dist/leaflet-src.esm.js";

import { amount, define, find, say } from "./dom";

interface Props {
  code?: string;
  name?: string;
  note?: string;
  url?: string;
  state?: "late" | "soon" | "done";
}

const MOST_LABELS = 40;
const NEAR = 16;
const IN_ITS_TOWN = 13; // without tiles the outline around a point is all that says where it is

/**
 * `<ll-map src="…geojson" points="…geojson" lon="114.0" lat="31.2" zoom="13" highlight="CODE" pick tall labels
 *   tiles="https://…/{z}/{x}/{y}.png" attribution="…" zoom-in="放大" zoom-out="缩小">`
 * with a `.ll-map-canvas` inside. `labels` writes the names of areas into them. `pick` lets a point be chosen: it goes into `input[data-lon]` and `input[data-lat]`
 * and, told by `ll-pick` ({lon, lat, accuracy}), to whoever listens. `button[data-locate]` asks for the position once;
 * `button[data-centre]` takes the middle of the map, for the keyboard. `[role=status]` carries the texts:
 * data-asking, data-refused, data-picked, data-located ({m}), data-failed.
 * Properties of a feature: code, name, note, url, state (late, soon, done). A map never is the only way.
 */
class MapView extends HTMLElement {
  private map: LeafletMap | null = null;
  private pin: CircleMarker | null = null;

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
      zoomSnap: 0.5,
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
      const dots = points ? this.dots(points).addTo(map) : null;
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
    const said = this.hasAttribute("labels") && data.features.length <= MOST_LABELS ? label : name;
    return new GeoJSON(data, { style, onEachFeature: said, interactive: !this.hasAttribute("pick") });
  }

  private dots(data: FeatureCollection): GeoJSON {
    const tokens = { late: "danger", soon: "accent", done: "line-strong" };
    return new GeoJSON(data, {
      pointToLayer: (feature, at) => {
        const state = props(feature).state;
        const fillColor = this.colour(state ? tokens[state] : "brand-solid");
        return new CircleMarker(at, { radius: 7, weight: 2, color: this.colour("surface"), fillColor, fillOpacity: 1 });
      },
      onEachFeature: open,
    });
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

async function read(url: string): Promise<FeatureCollection | null> {
  if (!url) return null;
  const answer = await fetch(url, { headers: { Accept: "application/geo+json, application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()) as FeatureCollection;
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

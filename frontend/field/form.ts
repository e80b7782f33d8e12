/** A form that is kept as it is typed, with pictures, one position on a press, and dictation where there is any. */
import { all, find } from "../elements/dom";
import { addPicture, type Draft, dropPicture, keep, pictures } from "./drafts";
import { areaAround, held, type Reference } from "./held";
import { piece, said } from "./page";

const SIDE = 1600;
const QUALITY = 0.8;
const MOST = 6;

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export function controls(form: HTMLFormElement): Control[] {
  return all<Control>(form, "input[name], select[name], textarea[name]").filter((each) => each.type !== "file");
}

export function valuesOf(form: HTMLFormElement): Record<string, string> {
  const values: Record<string, string> = {};
  for (const control of controls(form))
    if (control instanceof HTMLInputElement && (control.type === "radio" || control.type === "checkbox")) {
      if (control.checked) values[control.name] = control.value;
    } else if (control.value) values[control.name] = control.value;
  return values;
}

export function putValues(form: HTMLFormElement, values: Record<string, string>): void {
  for (const control of controls(form)) {
    const value = values[control.name];
    if (control instanceof HTMLInputElement && (control.type === "radio" || control.type === "checkbox"))
      control.checked = value === undefined ? control.defaultChecked : control.value === value;
    else if (value !== undefined) control.value = value;
  }
}

/** Ties a form to its draft; `file` files it. What the form asks for is checked by the browser first. */
export async function tie(form: HTMLFormElement, draft: Draft, file: () => Promise<void>): Promise<void> {
  putValues(form, draft.values);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isFiled = false;
  const later = (): void => {
    clearTimeout(timer);
    if (isFiled) return; // a position that comes too late must not make a draft of it again
    timer = setTimeout(() => {
      draft.values = valuesOf(form);
      void keep(draft).then(() => {
        const note = find<HTMLElement>(form, "[data-kept]");
        if (note) note.textContent = said("kept");
      }, failed);
    }, 400);
  };
  const failed = (error: unknown): void => {
    complain(form, reason(error));
  };
  form.addEventListener("input", later);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    draft.values = valuesOf(form);
    const button = find<HTMLButtonElement>(form, "button:not([type=button])");
    if (button?.disabled) return;
    if (button) button.disabled = true;
    void taken()
      .then(file)
      .then(() => {
        isFiled = true;
      })
      .catch((error: unknown) => {
        if (button) button.disabled = false;
        failed(error);
      });
  });
  tieDictation(form);
  tiePosition(form, later);
  const taken = tiePictures(form, draft, failed);
  await drawPictures(form, draft);
}

/** What the browser itself says, in words nobody here reads, is that there is no room. */
const reason = (error: unknown): string =>
  error instanceof DOMException ? said("full") : error instanceof Error ? error.message : "";

export function complain(form: HTMLFormElement, text: string): void {
  const place = find<HTMLElement>(form, "[data-problem]");
  if (!place) return;
  place.textContent = text;
  place.hidden = text === "";
  if (text) place.scrollIntoView({ block: "center" });
}

// Pictures -----------------------------------------------------------------------------------------

/** Returns what waits until the pictures chosen so far are in the draft: none may be left behind by filing at once. */
function tiePictures(form: HTMLFormElement, draft: Draft, failed: (error: unknown) => void): () => Promise<void> {
  let taking = Promise.resolve();
  const none = taking;
  const input = find<HTMLInputElement>(form, "input[type=file]");
  input?.addEventListener("change", () => {
    const files = Array.from(input.files ?? []);
    input.value = "";
    const mine = (taking = taking.catch(() => undefined).then(() => take(form, draft, files)));
    mine.catch((error: unknown) => {
      failed(error);
      if (taking === mine) taking = none; // it has been said: the next press files without
    });
  });
  return () => taking;
}

async function take(form: HTMLFormElement, draft: Draft, files: File[]): Promise<void> {
  const status = find<HTMLElement>(form, "[data-picture-status]");
  if (status) status.textContent = said("shrinking");
  try {
    const room = MOST - (await pictures(draft)).length;
    draft.values = valuesOf(form);
    for (const file of files.slice(0, room)) await addPicture(draft, await shrunk(file));
    if (files.length > room) throw new Error(said("tooMany", { n: MOST }));
  } finally {
    await drawPictures(form, draft);
  }
}

async function drawPictures(form: HTMLFormElement, draft: Draft): Promise<void> {
  const place = find<HTMLElement>(form, "[data-pictures]");
  const status = find<HTMLElement>(form, "[data-picture-status]");
  const rows = await pictures(draft);
  place?.replaceChildren(
    ...rows.map((row, index) => {
      const figure = piece("picture", {});
      const image = find<HTMLImageElement>(figure, "img");
      if (image) {
        image.src = URL.createObjectURL(new Blob([row.bytes], { type: "image/jpeg" }));
        image.alt = `${image.alt} ${index + 1}`;
        image.addEventListener("load", () => {
          URL.revokeObjectURL(image.src);
        });
      }
      find<HTMLButtonElement>(figure, "button")?.addEventListener("click", () => {
        void dropPicture(row.id).then(() => drawPictures(form, draft));
      });
      return figure;
    }),
  );
  const size = Math.round(rows.reduce((sum, row) => sum + row.bytes.length, 0) / 1024);
  if (status) status.textContent = rows.length ? said("pictures", { n: rows.length, size }) : "";
}

/** A JPEG of pixels alone: where and when it was taken does not come along. */
async function shrunk(file: File): Promise<Uint8Array<ArrayBuffer>> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => undefined);
  // What this browser cannot read, the server cannot either: now it can still be taken again.
  if (!bitmap) throw new Error(said("notPicture", { name: file.name }));
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise<Blob | null>((done) => {
    canvas.toBlob(done, "image/jpeg", QUALITY);
  });
  if (!blob) throw new Error(said("notPicture", { name: file.name }));
  return new Uint8Array(await blob.arrayBuffer());
}

// One position, on a press -------------------------------------------------------------------------

function tiePosition(form: HTMLFormElement, later: () => void): void {
  const button = find<HTMLButtonElement>(form, "[data-locate]");
  const status = find<HTMLElement>(form, "[data-located]");
  if (!button || !("geolocation" in navigator)) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (status) status.textContent = said("locating");
    navigator.geolocation.getCurrentPosition(
      (position) => {
        void put(form, position.coords).then(later);
      },
      () => {
        if (status) status.textContent = said("notLocated");
      },
      { enableHighAccuracy: true, timeout: 20_000, maximumAge: 0 },
    );
  });
}

async function put(form: HTMLFormElement, found: GeolocationCoordinates): Promise<void> {
  const lon = find<HTMLInputElement>(form, "[name=lon]");
  const lat = find<HTMLInputElement>(form, "[name=lat]");
  const place = find<HTMLSelectElement>(form, "[name=place]");
  const status = find<HTMLElement>(form, "[data-located]");
  if (lon) lon.value = found.longitude.toFixed(6);
  if (lat) lat.value = found.latitude.toFixed(6);
  const reference = await held<Reference>("reference");
  const code = reference ? areaAround(reference.content, found.longitude, found.latitude) : "";
  if (place && code) place.value = code;
  if (status) status.textContent = said("located", { m: Math.round(found.accuracy), time: when() });
}

const when = (): string => new Date().toTimeString().slice(0, 5);

// Dictation ----------------------------------------------------------------------------------------

interface Recognition extends EventTarget {
  lang: string;
  start(): void;
}

function tieDictation(form: HTMLFormElement): void {
  const Made = (window as unknown as { webkitSpeechRecognition?: new () => Recognition }).webkitSpeechRecognition;
  const field = find<HTMLTextAreaElement>(form, "textarea");
  const button = find<HTMLButtonElement>(form, "[data-dictate]");
  if (!Made || !field || !button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const ear = new Made();
    ear.lang = document.documentElement.lang === "en" ? "en-GB" : "zh-CN";
    ear.addEventListener("result", (event) => {
      const heard = (event as unknown as { results: { transcript: string }[][] }).results[0]?.[0]?.transcript ?? "";
      field.value = `${field.value}${heard}`;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    ear.start();
  });
}

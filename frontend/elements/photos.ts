import { amount, define, find, say } from "./dom";

/**
 * `<ll-photos max="9">` around `<input type=file multiple accept="image/*">`: makes big photos small before they
 * are sent, shows them and lets each be taken out. Children: `.ll-thumbs` (where they appear), a `<template>` of one
 * `<figure>` with an `<img>` and a button, `[role=status]` with `data-working`, `data-chosen` ({n}), `data-full` ({n}).
 */
class Photos extends HTMLElement {
  private files: File[] = [];

  connectedCallback(): void {
    const input = find<HTMLInputElement>(this, "input[type=file]");
    if (!input || typeof DataTransfer === "undefined") return;
    input.addEventListener("change", () => {
      void this.take(input);
    });
  }

  private get status(): HTMLElement | null {
    return find<HTMLElement>(this, "[role=status]");
  }

  private async take(input: HTMLInputElement): Promise<void> {
    const chosen = Array.from(input.files ?? []);
    const room = Math.max(0, amount(this, "max", 9) - this.files.length);
    say(this.status, "working");
    const added = await Promise.all(chosen.slice(0, room).map((file) => shrink(file, amount(this, "side", 2560))));
    this.files.push(...added);
    this.put(input);
    const outcome = chosen.length > room ? "full" : "chosen";
    say(this.status, outcome, { n: String(this.files.length) });
  }

  private put(input: HTMLInputElement): void {
    const transfer = new DataTransfer();
    for (const file of this.files) transfer.items.add(file);
    input.files = transfer.files;
    const place = find<HTMLElement>(this, ".ll-thumbs");
    place?.replaceChildren(...this.files.map((file, index) => this.thumb(file, index, input)));
  }

  private thumb(file: File, index: number, input: HTMLInputElement): Node {
    const template = find<HTMLTemplateElement>(this, "template");
    const figure = document.importNode(template?.content ?? document.createDocumentFragment(), true);
    const image = find<HTMLImageElement>(figure, "img");
    if (image) {
      image.src = URL.createObjectURL(file);
      image.alt = `${image.alt} ${index + 1}`.trim();
      image.addEventListener("load", () => {
        URL.revokeObjectURL(image.src);
      });
    }
    find<HTMLButtonElement>(figure, "button")?.addEventListener("click", () => {
      this.files.splice(index, 1);
      this.put(input);
      say(this.status, "chosen", { n: String(this.files.length) });
      input.focus();
    });
    return figure;
  }
}

/** A JPEG no longer than `side` on either edge; small files, and those no browser can read, stay as they are. */
async function shrink(file: File, side: number): Promise<File> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = side / Math.max(bitmap.width, bitmap.height);
    if (scale >= 1 && file.size < 1_500_000) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * Math.min(1, scale));
    canvas.height = Math.round(bitmap.height * Math.min(1, scale));
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise<Blob | null>((done) => {
      canvas.toBlob(done, "image/jpeg", 0.85);
    });
    if (!blob || blob.size >= file.size) return file;
    return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
  } catch {
    return file;
  }
}

define("ll-photos", Photos);

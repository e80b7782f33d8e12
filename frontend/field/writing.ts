/** The screens on which something is written: a report, a move, a visit, a round. */
import { find } from "../elements/dom";
import { addPicture, begin, discard, type Draft, drafts, keep, pictures } from "./drafts";
import { complain, tie, valuesOf } from "./form";
import { held, type Reference } from "./held";
import { uuid7 } from "./bytes";
import { file, labelWas, mark, strike, unansweredOn, type Written } from "./outbox";
import { fill, moveOn, said, screen, show, template } from "./page";
import { gridsOf, thisMonth } from "./rounds";
import { cases } from "./screens";
import { bytesAt, get } from "./server";

/** The form of a screen, made anew from its template, so that nothing of the one before is left in it. */
function fresh(name: string, from = name): HTMLFormElement {
  const place = find<HTMLElement>(screen(name), "[data-form]");
  place?.replaceChildren(template(`form-${from}`));
  const form = place && find<HTMLFormElement>(place, "form");
  if (!form) throw new Error(`no form ${from}`);
  return form;
}

async function draftFor(address: string, id = ""): Promise<Draft> {
  const all = await drafts();
  return all.find((draft) => (id ? draft.id === id : draft.screen === address)) ?? begin(address);
}

function label(select: HTMLSelectElement | null): string {
  return select?.selectedOptions[0]?.textContent ?? "";
}

async function bytesOf(draft: Draft): Promise<Uint8Array<ArrayBuffer>[]> {
  return (await pictures(draft)).map((row) => row.bytes);
}

/** Filed: it waits in the outbox, and the draft is gone. */
async function done(draft: Draft): Promise<void> {
  await discard(draft.id);
  moveOn("#outbox", said("filed"));
}

function choices(form: HTMLFormElement, rows: { code: string; label: string }[], chosen: string): void {
  const select = find<HTMLSelectElement>(form, "[name=place]");
  for (const row of rows) select?.append(new Option(row.label, row.code, false, row.code === chosen));
}

// A report -----------------------------------------------------------------------------------------

export async function report(id = ""): Promise<void> {
  const form = fresh("report");
  const reference = await held<Reference>("reference");
  choices(form, named(reference?.content), reference?.content.own ?? "");
  const draft = id ? await draftFor("#report", id) : begin("#report");
  const showParts = (): void => {
    fill(form, { isResident: checked(form, "for_resident"), isHandled: checked(form, "handled") });
  };
  form.addEventListener("change", showParts);
  await tie(form, draft, async () => {
    await fileReport(form, draft);
  });
  showParts();
  show("report");
}

const checked = (form: HTMLFormElement, name: string): boolean =>
  find<HTMLInputElement>(form, `[name=${name}]`)?.checked ?? false;

/** Villages and grids, the grids with their village's name. */
function named(reference: Reference | undefined): { code: string; label: string }[] {
  const labels = new Map(reference?.places.map((place) => [place.path, place.label]) ?? []);
  return (reference?.places ?? []).map((place) => {
    const above = place.path.replace(/[^/]+\/$/, "");
    return { code: place.code, label: place.kind === "grid" ? `${labels.get(above) ?? ""} ${place.label}` : place.label };
  });
}

async function fileReport(form: HTMLFormElement, draft: Draft): Promise<void> {
  const values = valuesOf(form);
  const photos = await bytesOf(draft);
  const isHandled = values.handled !== undefined;
  const problem =
    (values.text ?? "").trim().length < 5
      ? said("needsWords")
      : isHandled && (!photos.length || (values.result ?? "").trim().length < 10)
        ? said("needsResult")
        : values.for_resident !== undefined && values.consent === undefined
          ? said("needsConsent")
          : values.for_resident !== undefined && values.channel === "sms" && !values.contact_phone?.trim()
            ? said("needsPhone")
            : "";
  complain(form, problem);
  if (problem) throw new Error(problem);
  const data: Record<string, unknown> = {
    text: values.text,
    category: values.category,
    request_type: values.request_type,
    place: values.place,
    address: values.address ?? "",
  };
  if (values.lon && values.lat) Object.assign(data, { lon: Number(values.lon), lat: Number(values.lat) });
  if (values.for_resident !== undefined)
    Object.assign(data, {
      for_resident: true,
      consent: true,
      contact_name: values.contact_name ?? "",
      contact_phone: values.contact_phone ?? "",
      channel: values.channel ?? "",
    });
  const name = label(find<HTMLSelectElement>(form, "[name=category]"));
  const id = uuid7();
  await file({ kind: "report", data }, said("labelReport", { what: name }), photos, id);
  if (isHandled) {
    const written: Written = { kind: "move", case: id, verb: "self_handle", data: { result: values.result }, after: [id] };
    await file(written, said("labelHandled", { what: name }), photos);
  }
  await done(draft);
}

// A move -------------------------------------------------------------------------------------------

export async function move(id: string, verb: string): Promise<void> {
  const row = (await cases()).find((each) => each.id === id);
  const wanted = row?.moves.find((each) => each.verb === verb);
  const draft = await draftFor(`#move/${id}/${verb}`);
  if (row && wanted)
    draft.about ??= { label: wanted.label, title: row.title, filed: `${wanted.label} · ${row.number}`, version: row.version };
  const about = draft.about;
  if (!about) {
    moveOn("#tasks", said("movedOn"));
    return;
  }
  const seen = about.version === undefined ? {} : { seen: about.version };
  const shown = screen("move");
  const form = fresh("move", `move-${verb}`);
  fill(shown, { label: about.label, title: about.title, id });
  await tie(form, draft, async () => {
    const photos = await bytesOf(draft);
    if (form.dataset.photos === "required" && !photos.length) throw new Error(said("needsPhoto"));
    await file(
      { kind: "move", case: id, verb, data: valuesOf(form), after: await unansweredOn(id), ...seen },
      about.filed,
      photos,
    );
    await done(draft);
  });
  show("move");
}

// A visit, a round ---------------------------------------------------------------------------------

/** A visit to one of the cases on this phone; a draft of one that has left it meanwhile can still be filed. */
export async function visit(of = ""): Promise<void> {
  const form = fresh("visit");
  const rows = await cases();
  const all = await drafts();
  const known = all.find((draft) => draft.id === of || (draft.screen === "#visit" && (!of || draft.values.case === of)));
  const draft = known ?? begin("#visit", rows.some((row) => row.id === of) ? { case: of } : {});
  const select = find<HTMLSelectElement>(form, "[name=case]");
  for (const row of rows) select?.append(new Option(`${row.title} · ${row.place}`, row.id));
  const chosen = draft.values.case;
  if (chosen && !rows.some((row) => row.id === chosen)) select?.append(new Option(said("caseGone"), chosen));
  await tie(form, draft, async () => {
    const { case: id, ...data } = valuesOf(form);
    const problem = id ? (data.satisfied ? "" : said("needsAnswer")) : said("needsCase");
    if (!id || problem) throw new Error(problem);
    const what = rows.find((row) => row.id === id)?.number ?? "";
    const after = await unansweredOn(id);
    await file({ kind: "visit", case: id, data, after }, said("labelVisit", { what }), await bytesOf(draft));
    await done(draft);
  });
  show("visit");
}

export async function screening(): Promise<void> {
  const form = fresh("screening");
  const places = (await held<Reference>("reference"))?.content.screened ?? [];
  choices(form, places, places[0]?.code ?? "");
  const draft = await draftFor("#screening");
  if (!draft.values.month) draft.values.month = thisMonth();
  const tell = (): void => {
    const { place, month } = valuesOf(form);
    fill(form, { grids: gridsOf(places, place ?? "", month ?? "") });
  };
  form.addEventListener("change", tell);
  await tie(form, draft, async () => {
    const values = valuesOf(form);
    const place = label(find<HTMLSelectElement>(form, "[name=place]"));
    const data = { place: values.place, month: values.month, found: Number(values.found ?? 0), note: values.note ?? "" };
    await file({ kind: "screening", data }, said("labelRound", { what: place }), []);
    await done(draft);
  });
  tell();
  show("screening");
}

interface Refused {
  kind: string;
  case?: string;
  verb?: string;
  seen?: number;
  data: Record<string, unknown>;
  photos?: string[];
}

/** What was refused, to be put right: the server gives it back to its author, with its photos. */
export async function correct(id: string): Promise<void> {
  try {
    const { answer } = await get(`refused/${id}`);
    if (!answer.ok) throw new Error("gone");
    moveOn(await takenBack(id, answer.content.content as Refused));
  } catch {
    moveOn("#outbox", said("notNow"));
  }
}

/** A draft of what was refused; of a decision, the question once more. Returns where it is. */
async function takenBack(id: string, content: Refused): Promise<string> {
  if (content.kind === "decision") {
    await mark(content.case ?? "", "conflict");
    await strike(id);
    return "#outbox";
  }
  const photos = await Promise.all((content.photos ?? []).map((photo) => bytesAt(`refused/${id}/photos/${photo}`)));
  const values = Object.fromEntries(
    Object.entries(content.data).map(([name, value]) => [name, value === true ? "on" : String(value)]),
  );
  if (content.kind === "visit" && content.case) values.case = content.case;
  const address = content.kind === "move" ? `#move/${content.case ?? ""}/${content.verb ?? ""}` : `#${content.kind}`;
  const draft = begin(address, values);
  if (content.kind === "move") {
    const filed = await labelWas(id);
    draft.about = { label: filed, title: "", filed, ...(content.seen !== undefined && { version: content.seen }) };
  }
  await keep(draft);
  for (const photo of photos) if (photo) await addPicture(draft, photo);
  await strike(id);
  return content.kind === "report" ? `#report/${draft.id}` : address;
}

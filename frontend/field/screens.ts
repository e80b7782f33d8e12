/** What each screen shows. */
import { all, find } from "../elements/dom";
import { text } from "./bytes";
import { discard, drafts } from "./drafts";
import { type CaseRow, type Cases, held, type Reference, refresh } from "./held";
import { isOpen } from "./keys";
import { file, items, type Item, labelOf, mark, share, strike, unsent } from "./outbox";
import { fill, moveOn, piece, said, screen, show, type Values, when } from "./page";
import { roundsLeft } from "./rounds";

export async function cases(): Promise<CaseRow[]> {
  return (await held<Cases>("cases"))?.content.cases ?? [];
}

function into(root: ParentNode, selector: string, pieces: HTMLElement[]): void {
  const place = find<HTMLElement>(root, selector);
  place?.replaceChildren(...pieces);
  if (place) place.hidden = pieces.length === 0;
  const empty = find<HTMLElement>(root, selector.replace("]", "-empty]"));
  if (empty) empty.hidden = pieces.length > 0;
}

function card(row: CaseRow): HTMLElement {
  const main = row.moves.find((move) => move.is_main);
  const made = piece("case", {
    ...plain(row),
    title: row.why ? `${row.why} · ${row.title}` : row.title,
    verb: main?.verb,
    main: main?.label,
    due: row.due,
  });
  find(made, ".ll-clock")?.classList.toggle("is-late", row.due_state === "late");
  find(made, ".ll-clock")?.classList.toggle("is-soon", row.due_state === "soon");
  return made;
}

function plain(row: CaseRow): Values {
  return { ...row, moves: undefined, lines: undefined };
}

// The line about the network ---------------------------------------------------------------------------

export async function network(): Promise<void> {
  const left = (await unsent()).length;
  const bar = find<HTMLElement>(document, "[data-net]");
  if (!bar) return;
  const at = (await held<Cases>("cases"))?.at;
  fill(bar, { n: left, isOff: !navigator.onLine, isLeft: navigator.onLine && left > 0, at: at ? when(at) : "" });
  bar.hidden = navigator.onLine && left === 0;
  for (const line of all<HTMLElement>(bar, "[data-count]"))
    line.textContent = ((left === 1 ? line.dataset.one : line.dataset.count) ?? "").replace("{n}", String(left));
  for (const count of all<HTMLElement>(document, "[data-unsent]")) {
    count.textContent = left ? String(left) : "";
    count.hidden = left === 0;
  }
}

// Today, and all cases ---------------------------------------------------------------------------------

export async function home(): Promise<void> {
  const shown = show("home");
  const all_ = await held<Cases>("cases");
  const mine = (all_?.content.cases ?? []).filter((row) => row.is_mine);
  const mayScreen = ((await held<Reference>("reference"))?.content.screened ?? []).length > 0;
  const rounds = await roundsLeft();
  const count = mine.length + rounds.length || undefined;
  fill(shown, { name: all_?.content.name, post: all_?.content.post, tasks: count, mayScreen });
  into(shown, "[data-tasks]", [...mine.slice(0, 5).map(card), ...rounds]);
  const open = (await drafts()).map((draft) => {
    const made = piece("draft", { id: draft.id, screen: draft.screen, words: title(draft.values), at: when(draft.at) });
    find<HTMLButtonElement>(made, "button")?.addEventListener("click", () => {
      void discard(draft.id).then(home);
    });
    return made;
  });
  into(shown, "[data-drafts]", open);
  const drafted = find<HTMLElement>(shown, "[data-drafts-part]");
  if (drafted) drafted.hidden = open.length === 0;
  into(shown, "[data-sent]", await Promise.all((await items()).slice(0, 5).map(row)));
}

function title(values: Record<string, string>): string {
  const words = values.text ?? values.note ?? values.result ?? values.finding ?? values.reason ?? "";
  return words.slice(0, 30) || said("noWords");
}

export async function tasks(): Promise<void> {
  const shown = show("tasks");
  const rows = await cases();
  into(shown, "[data-mine]", [...rows.filter((each) => each.is_mine).map(card), ...(await roundsLeft())]);
  into(shown, "[data-others]", rows.filter((each) => !each.is_mine).map(card));
}

/** A case a push led to, which may be newer than what the phone holds. */
async function justArrived(id: string): Promise<CaseRow | undefined> {
  await refresh("cases").catch(() => false);
  return (await cases()).find((each) => each.id === id);
}

export async function oneCase(id: string): Promise<void> {
  const row = (await cases()).find((each) => each.id === id) ?? (await justArrived(id));
  if (!row) {
    moveOn("#tasks", said("movedOn"));
    return;
  }
  const shown = show("case");
  fill(shown, plain(row));
  into(
    shown,
    "[data-moves]",
    row.moves.map((move) => {
      const made = piece(move.is_main ? "move-main" : "move", { id, verb: move.verb, label: move.label });
      return made;
    }),
  );
  into(shown, "[data-lines]", row.lines.map((line) => piece("line", line)));
}

// The outbox -------------------------------------------------------------------------------------------

export async function outbox(): Promise<void> {
  const shown = show("outbox");
  into(shown, "[data-all]", await Promise.all((await items()).map(row)));
}

async function row(item: Item): Promise<HTMLElement> {
  const answer = item.answer ?? {};
  const made = piece(`item-${item.state}`, {
    label: await labelOf(item),
    at: when(item.at),
    received: answer.received_at ? when(text(answer.received_at)) : "",
    number: text(answer.number),
    event: text(answer.event),
    hash: text(answer.hash).slice(0, 12),
    isLate: answer.late === true,
    isTold: answer.told === true,
    why: text(answer.why),
    state: text(answer.state_label),
    percent: item.photos.length ? await share(item) : undefined,
    photos: item.photos.length || undefined,
    id: item.id,
  });
  made.dataset.item = item.id;
  const bar = find<HTMLProgressElement>(made, "progress");
  if (bar) bar.value = await share(item);
  const changes = find<HTMLElement>(made, "[data-changes]");
  const lines = (answer.changes ?? []) as { title: string; where?: string }[];
  changes?.replaceChildren(...lines.map((line) => piece("line", { ...line })));
  for (const button of all<HTMLButtonElement>(made, "[data-choice]"))
    button.addEventListener("click", () => {
      button.disabled = true;
      void decide(item, button.dataset.choice ?? "");
    });
  find<HTMLButtonElement>(made, "[data-strike]")?.addEventListener("click", () => {
    void strike(item.id);
  });
  return made;
}

async function decide(item: Item, choice: string): Promise<void> {
  const label = said(choice === "mine" ? "decidedMine" : "decidedTheirs", { what: await labelOf(item) });
  await file({ kind: "decision", case: item.id, data: { choice } }, label, []);
  await mark(item.id, "decided");
}

/** Draws again what shows the outbox, if it is looked at. */
export async function drawAgain(): Promise<void> {
  await network();
  if (!isOpen()) return;
  if (!screen("outbox").hidden) await outbox();
  if (!screen("home").hidden)
    into(screen("home"), "[data-sent]", await Promise.all((await items()).slice(0, 5).map(row)));
}

/** The round of screening of this month: where it is still to be gone, and until when. */
import { held, type Reference, type Screened } from "./held";
import { roundOf, roundsFiled } from "./outbox";
import { formatted, piece, said } from "./page";

/** Where the phone is: at midnight of the first, the month in Greenwich is still the one before. */
export function thisMonth(now = new Date()): string {
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}`;
}

/** How far the grids of a village have come in a month, as the server last said; nothing of another month. */
export function gridsOf(places: Screened[], village: string, month: string): string {
  const grids = places.filter((place) => place.above === village && place.month === month && village !== "");
  if (!grids.length) return "";
  const left = grids.filter((grid) => !grid.is_done).map((grid) => grid.label);
  const values = { done: grids.length - left.length, all: grids.length, n: grids.reduce((sum, { found }) => sum + found, 0) };
  const told = said("grids", values);
  return left.length ? told + said("gridsLeft", { names: left.join(said("comma")) }) : told;
}

/** A card for each place of one's own that has not been gone through this month, here or as the server last said. */
export async function roundsLeft(): Promise<HTMLElement[]> {
  const places = (await held<Reference>("reference"))?.content.screened ?? [];
  const [month, filed] = [thisMonth(), await roundsFiled()];
  const isDone = (place: Screened): boolean =>
    (place.is_done && place.month === month) || filed.has(roundOf(place.code, month));
  return places.filter((place) => place.above === "" && !isDone(place)).map((place) => card(places, place, month));
}

function card(places: Screened[], place: Screened, month: string): HTMLElement {
  const now = new Date();
  const end = new Date(now.getFullYear(), now.getMonth() + 1, 0);
  const left = end.getDate() - now.getDate();
  const made = piece("round", {
    title: said("round", { month: formatted(now, { month: "long" }) }),
    how: said("roundHow", { place: place.label }),
    grids: gridsOf(places, place.code, month),
    due: left > 1 ? said("daysLeft", { n: left }) : said(left ? "dayLeft" : "lastDay"),
    until: said("untilMidnight", { day: formatted(end, { month: "short", day: "numeric" }) }),
  });
  made.querySelector(".ll-clock")?.classList.toggle("is-soon", left < 3);
  return made;
}

"""Rounds of looking for disputes (排查): that one was done in a place and month, and what it found.

It records disputes, never lists of people. A round is of a village or community, or of one grid. What the rounds of a
village and of its grids come to together is said in one place, `come_to`, for the pages, the phone and the measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Case, Count, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, NotAllowed
from linli.kit import text
from linli.mediation.models import Mediation, ScreeningRound
from linli.orgs.models import Kind, Organisation, PathField, is_within, lineage, within
from linli.people.access import Actor

PLACES = (Kind.VILLAGE, Kind.COMMUNITY)
SCREENED = (*PLACES, Kind.GRID)
MOST, NOTE_LENGTH = 500, 200
Terms = dict[str, list[tuple[date, date | None, int]]]


class Rounds(NamedTuple):
    """Rounds of one month together: how many, disputes they found, and disputes registered from them."""

    n: int = 0
    found: int = 0
    linked: int = 0

    def plus(self, other: Rounds) -> Rounds:
        return Rounds(self.n + other.n, self.found + other.found, self.linked + other.linked)


class Tally(NamedTuple):
    """Of a unit and month: villages and communities gone through, of how many, and disputes found and registered."""

    done: int = 0
    whole: int = 0
    found: int = 0
    linked: int = 0


NONE, NOT_DONE = Rounds(), Tally(whole=1)


def come_to(own: Rounds, grids: Rounds, standing: int) -> Tally:
    """A place is gone through by a round of its own, or by one of each of its grids that stand at the month's end.

    Its own round and those of its grids may have found the same disputes, so the larger count holds, never the sum; a
    dispute that was registered has been found. `grids.n` counts rounds of standing grids alone.
    """
    linked = own.linked + grids.linked
    is_done = own.n > 0 or 0 < standing <= grids.n
    return Tally(int(is_done), 1, max(own.found, grids.found, linked), linked)


@dataclass(frozen=True)
class Screened:
    """A village, or a grid, with its round of a month, None where there was none; a village with those of its grids."""

    place: Organisation
    round: ScreeningRound | None
    last: date
    grids: tuple[Screened, ...] = ()

    @cached_property
    def tally(self) -> Tally:
        grids = NONE
        for grid in self.grids:
            grids = grids.plus(Rounds(int(grid.is_done and grid.is_standing), grid.found, grid.linked))
        return come_to(_of(self.round), grids, len(self.standing))

    @property
    def is_standing(self) -> bool:
        """At the end of the month."""
        return _is_standing(self.place.valid_from, self.place.valid_until, self.last)

    @property
    def standing(self) -> list[Screened]:
        return [grid for grid in self.grids if grid.is_standing]

    @property
    def missing(self) -> list[Screened]:
        """Its grids that have not been gone through."""
        return [grid for grid in self.standing if not grid.is_done]

    @property
    def missing_names(self) -> list[str]:
        return [grid.place.label for grid in self.missing]

    @property
    def grids_done(self) -> int:
        return len(self.standing) - len(self.missing)

    @property
    def grids_found(self) -> int:
        return sum(grid.found for grid in self.grids)

    @property
    def is_done(self) -> bool:
        return bool(self.tally.done)

    @property
    def has_rounds(self) -> bool:
        return self.round is not None or any(grid.round for grid in self.grids)

    @property
    def linked(self) -> int:
        """Disputes that have become cases."""
        return self.tally.linked

    @property
    def found(self) -> int:
        """What was counted; what has been registered since counts too."""
        return self.tally.found

    @property
    def to_register(self) -> int:
        """Found, but not a case yet."""
        return self.found - self.linked

    @property
    def to_register_from(self) -> ScreeningRound | None:
        """The round to which the next such dispute belongs: its own, or that of a grid that found more."""
        theirs = (grid.round for grid in self.grids if grid.to_register)
        return self.round or next(theirs, None)


def record_round(
    *, place: Organisation, month: date, found: int, note: str = "", by: Actor, at: datetime
) -> ScreeningRound:
    """Records that a village, a community or a grid was gone through in a month. Raises NotAllowed or BadData."""
    if by.person_id is None or not by.may("mediation.screen") or not is_within(place.path, by.path):
        raise NotAllowed(_("这个地方的排查不由您现在的岗位登记。"))
    first, words = month.replace(day=1), text.clean(note)
    errors = _errors(place, first, found, words, at)
    if errors:
        raise BadData(errors)
    try:
        with transaction.atomic():
            return ScreeningRound.objects.create(
                place=place, month=first, found=found, note=words, by_id=by.person_id, at=at
            )
    except IntegrityError as error:
        if not ScreeningRound.objects.filter(place=place, month=first).exists():
            raise
        raise BadData({"month": _("%(place)s这个月已经登记过一轮排查。") % {"place": place.label}}) from error


def rounds_of(unit: Organisation, month: date) -> list[Screened]:
    """Every village and community under a unit with its grids, and a grid by itself, with their rounds of the month.

    In two statements: units that stand at the end of the month, and others that were gone through before they closed.
    """
    first = month.replace(day=1)
    last = _last_day(first)
    rounds = ScreeningRound.objects.filter(within("place__path", unit.path), month=first)
    done = {row.place_id: row for row in rounds.annotate(linked=_linked())}
    places = Organisation.objects.below(unit).filter(kind__in=SCREENED)
    places = (places.on(last) | places.filter(pk__in=rounds.values("place"))).order_by("path")
    rows: list[tuple[Organisation, list[Screened]]] = []
    for place in places:  # a village comes before its grids
        if place.kind == Kind.GRID and rows and is_within(place.path, rows[-1][0].path):
            rows[-1][1].append(Screened(place, done.get(place.pk), last))
        else:
            rows.append((place, []))
    return [Screened(place, done.get(place.pk), last, tuple(grids)) for place, grids in rows]


def below(unit: Organisation, paths: Iterable[str], months: Iterable[date]) -> dict[tuple[str, date], Tally]:
    """What the rounds under a unit come to at each of these paths and months; in two statements."""
    wanted = set(paths)
    tallies: dict[tuple[str, date], Tally] = {}
    for village, month, more in _by_village(unit.path, months):
        for path in wanted.intersection(lineage(village)):
            known = tallies.get((path, month), Tally())
            tallies[path, month] = Tally(*(a + b for a, b in zip(known, more, strict=True)))
    return tallies


def done_in(path: str, months: Iterable[date]) -> dict[date, tuple[int, int]]:
    """How many villages and communities under a unit were gone through, of how many; by month, in two statements."""
    found = dict.fromkeys(months, (0, 0))
    for _village, month, tally in _by_village(path, tuple(found), is_counted=False):
        done, whole = found[month]
        found[month] = (done + tally.done, whole + tally.whole)
    return found


def _by_village(
    path: str, months: Iterable[date], *, is_counted: bool = True
) -> Iterator[tuple[str, date, Tally]]:
    """Each village with what a month came to; one that did not stand at its end adds what was found and no more.

    Without `is_counted` it is not asked what was found, which costs most.
    """
    lasts = {month: _last_day(month) for month in months}
    villages, grids = _terms(path)
    rounds = _rounds(path, lasts, is_counted=is_counted)
    for village in villages | grids:
        for month, last in lasts.items():
            own, theirs = rounds.get((village, month, False)), rounds.get((village, month, True))
            is_standing = _standing(villages, village, last)
            if own or theirs:
                tally = come_to(own or NONE, theirs or NONE, _standing(grids, village, last))
                if is_standing or tally.found:
                    yield village, month, tally if is_standing else tally._replace(done=0, whole=0)
            elif is_standing:
                yield village, month, NOT_DONE


def _terms(path: str) -> tuple[Terms, Terms]:
    """Of the villages and of their grids, by village: since when and until when how many stand."""
    villages: Terms = {}
    grids: Terms = {}
    units = Organisation.objects.filter(within("path", path), kind__in=SCREENED)
    for village, kind, since, until, n in _by_terms(units, n=Count("pk")):
        (grids if kind == Kind.GRID else villages).setdefault(village, []).append((since, until, n))
    return villages, grids


def _standing(terms: Terms, village: str, last: date) -> int:
    return sum(n for since, until, n in terms.get(village, ()) if _is_standing(since, until, last))


def _rounds(
    path: str, lasts: Mapping[date, date], *, is_counted: bool
) -> dict[tuple[str, date, bool], Rounds]:
    """Rounds by village and month, its own and its grids'; of places that no longer stand only what they found."""
    rows = ScreeningRound.objects.filter(within("place__path", path), month__in=lasts)
    sums: dict[str, Any] = {"n": Count("pk")}
    if is_counted:
        rows = rows.annotate(cases=_linked())
        sums |= {"most": Sum(Greatest("found", "cases")), "linked": Sum("cases")}
    found: dict[tuple[str, date, bool], Rounds] = {}
    for village, kind, since, until, month, *counted in _by_terms(rows, "place__", "month", **sums):
        key, more = (village, month, kind == Kind.GRID), Rounds(*counted)
        if not _is_standing(since, until, lasts[month]):
            more = more._replace(n=0)
        found[key] = found.get(key, NONE).plus(more)
    return found


def registered(unit_path: str, month: date) -> QuerySet[Mediation]:
    """The disputes that were registered from rounds of a month at a unit and below it."""
    return Mediation.objects.filter(within("screening__place__path", unit_path), screening__month=month)


def _is_standing(since: date, until: date | None, day: date) -> bool:
    return since <= day and (until is None or until > day)


def _last_day(month: date) -> date:
    """Of a month that is given by its first."""
    return (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _of(row: ScreeningRound | None) -> Rounds:
    """One round, read with the disputes registered from it."""
    linked = int(getattr(row, "linked", 0))
    return Rounds(1, max(row.found, linked), linked) if row else NONE


def _by_terms(rows: QuerySet[Any], place: str = "", *more: str, **sums: Any) -> Iterable[tuple[Any, ...]]:
    """Sums over places by the village they belong to, kind, and the days from and until which the place stands."""
    above = Case(
        When(**{f"{place}kind": Kind.GRID}, then=F(f"{place}parent__path")),
        default=F(f"{place}path"),
        output_field=PathField(),
    )
    terms = [f"{place}{name}" for name in ("kind", "valid_from", "valid_until")]
    found: Iterable[tuple[Any, ...]] = (
        rows.order_by().annotate(village=above).values_list("village", *terms, *more).annotate(**sums)
    )
    return found


def _linked() -> Coalesce:
    """How many disputes of a round have become cases."""
    cases = Mediation.objects.filter(screening=OuterRef("pk")).order_by().values("screening")
    return Coalesce(Subquery(cases.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


def _errors(place: Organisation, first: date, found: int, note: str, at: datetime) -> dict[str, str]:
    errors = {}
    if place.kind not in SCREENED or place.valid_until is not None:
        errors["place"] = _("请选一个村、社区或者网格。")
    if first > at.astimezone(place.zone).date():
        errors["month"] = _("这个月还没到，不能先登记。")
    if not 0 <= found <= MOST:
        errors["found"] = _("请填0到%(n)d的整数。") % {"n": MOST}
    if len(note) > NOTE_LENGTH:
        errors["note"] = _("说明最多%(n)d个字，现在是%(have)d个。") % {"n": NOTE_LENGTH, "have": len(note)}
    elif text.mask_candidates(note):
        errors["note"] = _("这里只记纠纷，不登记人员：请去掉电话和证件号码。")
    return errors

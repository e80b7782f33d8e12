"""Rounds of looking for disputes (排查): that one was done in a place and month, and what it found.

It records disputes, never lists of people.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, NotAllowed
from linli.kit import text
from linli.mediation.models import Mediation, ScreeningRound
from linli.orgs.models import Kind, Organisation, is_within, lineage, within
from linli.people.access import Actor

PLACES = (Kind.VILLAGE, Kind.COMMUNITY)
MOST, NOTE_LENGTH = 500, 200


class Screened(NamedTuple):
    """A village and its round of a month; None where there was none."""

    village: Organisation
    round: ScreeningRound | None

    @property
    def is_done(self) -> bool:
        return self.round is not None

    @property
    def linked(self) -> int:
        """Disputes of the round that have become cases."""
        return int(getattr(self.round, "linked", 0))

    @property
    def found(self) -> int:
        """What the officer counted; what has been registered since counts too."""
        return max(self.round.found, self.linked) if self.round else 0

    @property
    def to_register(self) -> int:
        """Found, but not a case yet."""
        return self.found - self.linked


def record_round(
    *, place: Organisation, month: date, found: int, note: str = "", by: Actor, at: datetime
) -> ScreeningRound:
    """Records that a village or community was gone through in a month. Raises NotAllowed or BadData."""
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
    """Every village and community under a unit, with its round of the month or None."""
    first = month.replace(day=1)
    last = _last_day(first)
    villages = Organisation.objects.below(unit).filter(kind__in=PLACES).on(last).order_by("path")
    rounds = ScreeningRound.objects.filter(within("place__path", unit.path), month=first)
    done = {row.place_id: row for row in rounds.annotate(linked=_linked())}
    return [Screened(village, done.get(village.pk)) for village in villages]


class Tally(NamedTuple):
    """Of a unit and month: villages and communities gone through, of how many, and disputes found and registered."""

    done: int = 0
    whole: int = 0
    found: int = 0
    linked: int = 0


def below(unit: Organisation, paths: Iterable[str], months: Iterable[date]) -> dict[tuple[str, date], Tally]:
    """What the rounds under a unit come to at each of these paths and months; in two statements."""
    wanted = set(paths)
    tallies: dict[tuple[str, date], Tally] = {}
    lasts = {month: _last_day(month) for month in months}
    for path, since, until in (
        Organisation.objects.below(unit)
        .filter(kind__in=PLACES)
        .values_list("path", "valid_from", "valid_until")
    ):
        above = wanted.intersection(lineage(path))
        for month, last in lasts.items():
            if _is_standing(since, until, last):
                _add(tallies, above, month, Tally(whole=1))
    rounds = ScreeningRound.objects.filter(within("place__path", unit.path), month__in=lasts)
    counted = rounds.annotate(linked=_linked()).values_list("place__path", "month", "found", "linked")
    for path, month, found, linked in counted:
        above = wanted.intersection(lineage(path))
        _add(tallies, above, month, Tally(1, 0, max(found, linked), linked))
    return tallies


def _add(tallies: dict[tuple[str, date], Tally], paths: Iterable[str], month: date, more: Tally) -> None:
    for each in paths:
        known = tallies.get((each, month), Tally())
        tallies[each, month] = Tally(*(a + b for a, b in zip(known, more, strict=True)))


def done_in(path: str, months: Iterable[date]) -> dict[date, tuple[int, int]]:
    """How many villages and communities under a unit had their round, of how many; by month, in two statements."""
    lasts = {month: _last_day(month) for month in months}
    places = Organisation.objects.filter(within("path", path), kind__in=PLACES).order_by()
    terms = list(places.values_list("valid_from", "valid_until").annotate(n=Count("pk")))
    rounds = ScreeningRound.objects.filter(within("place__path", path), month__in=lasts).order_by()
    done = dict(rounds.values_list("month").annotate(n=Count("pk")))
    return {
        month: (done.get(month, 0), sum(n for since, until, n in terms if _is_standing(since, until, last)))
        for month, last in lasts.items()
    }


def registered(unit_path: str, month: date) -> QuerySet[Mediation]:
    """The disputes that were registered from rounds of a month at a unit and below it."""
    return Mediation.objects.filter(within("screening__place__path", unit_path), screening__month=month)


def _is_standing(since: date, until: date | None, day: date) -> bool:
    return since <= day and (until is None or until > day)


def _last_day(month: date) -> date:
    """Of a month that is given by its first."""
    return (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _linked() -> Coalesce:
    """How many disputes of a round have become cases."""
    cases = Mediation.objects.filter(screening=OuterRef("pk")).order_by().values("screening")
    return Coalesce(Subquery(cases.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


def _errors(place: Organisation, first: date, found: int, note: str, at: datetime) -> dict[str, str]:
    errors = {}
    if place.kind not in PLACES or place.valid_until is not None:
        errors["place"] = _("请选一个村或者社区。")
    if first > at.astimezone(place.zone).date():
        errors["month"] = _("这个月还没到，不能先登记。")
    if not 0 <= found <= MOST:
        errors["found"] = _("请填0到%(n)d的整数。") % {"n": MOST}
    if len(note) > NOTE_LENGTH:
        errors["note"] = _("说明最多%(n)d个字，现在是%(have)d个。") % {"n": NOTE_LENGTH, "have": len(note)}
    elif text.mask_candidates(note):
        errors["note"] = _("这里只记纠纷，不登记人员：请去掉电话和证件号码。")
    return errors

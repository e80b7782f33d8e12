"""What a list of cases can be narrowed to, on the desk and for programs alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from linli.cases.actions import board
from linli.cases.models import CaseQuerySet
from linli.cases.models.search import search
from linli.cases.procedures import calendar
from linli.kit.clock import midnight, midnight_after

DUES = ("late", "today", "soon")
SOON_DAYS = 3


@dataclass(frozen=True)
class Criteria:
    """Conditions that must all hold. `where` is what else a list asks for: place, category, unit."""

    query: str = ""
    kinds: Sequence[str] = ()
    state: str = ""
    level: str = ""
    channel: str = ""
    due: str = ""
    since: date | None = None
    until: date | None = None
    figure: str = ""  # a figure of the board, and the kind of case it counts
    figure_kind: str = ""
    open: str = "open"
    where: Q = Q()

    def of(self, cases: CaseQuerySet, at: datetime) -> CaseQuerySet:
        """The cases that fit."""
        if self.open != "all":
            cases = cases.filter(is_open=self.open == "open")
        if self.figure:
            cases = cases.filter(board.shown(self.figure, at), kind=self.figure_kind)
        cases = cases.filter(self._exactly())
        if self.since:
            cases = cases.filter(received_at__gte=midnight(self.since))
        if self.until:
            cases = cases.filter(received_at__lt=midnight_after(self.until))
        cases = cases.filter(self.where, due_within(self.due, "urgent_at", at))
        return search(cases, self.query) if self.query else cases

    def _exactly(self) -> Q:
        """What stands on the case itself, word for word."""
        wanted = Q(kind__in=self.kinds) if self.kinds else Q()
        for name in ("state", "level", "channel"):
            if value := getattr(self, name):
                wanted &= Q(**{name: value})
        return wanted


def in_category(code: str, kinds: Sequence[str], prefix: str = "", *, and_below: bool = False) -> Q:
    """Cases of these kinds in that category; with `and_below` also in the categories it is divided into."""
    inside = Q(**{f"{prefix}category": code})
    if and_below:
        inside |= Q(**{f"{prefix}category__startswith": code + "."})
    return Q(**{f"{prefix}kind__in": list(kinds)}) & inside


def due_within(due: str, name: str, at: datetime) -> Q:
    """Late, due today, or due within three working days."""
    if due == "late":
        return Q(**{f"{name}__lte": at})
    if due == "today":
        return Q(**{f"{name}__gt": at, f"{name}__lte": end_of_today(at)})
    if due == "soon":
        return Q(**{f"{name}__gt": at, f"{name}__lte": _working_days_on(at, SOON_DAYS)})
    return Q()


def end_of_today(at: datetime) -> datetime:
    """The coming local midnight, at which what is due today falls due."""
    return midnight_after(timezone.localtime(at).date())


def _working_days_on(at: datetime, days: int) -> datetime:
    """The end of the n-th working day from tomorrow."""
    known, day = calendar.current(), timezone.localtime(at).date()
    while days:
        day += timedelta(days=1)
        days -= known.is_working(day)
    return midnight_after(day)

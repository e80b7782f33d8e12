"""What a page of figures is about: a unit the reader may see, and a month; and where a number leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from urllib.parse import quote

from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from linli.kit import clock
from linli.measures.actions.reading import REQUESTS, Figure, View, next_month
from linli.measures.formulas.periods import OLDEST
from linli.orgs.models import Organisation, is_within
from linli.people.access import Actor, post_of

MONTHS = 13  # of a trend: this month and the twelve before it


@dataclass(frozen=True)
class Asked:
    """A unit and a month of it."""

    unit: Organisation
    month: date

    @classmethod
    def read(cls, request: HttpRequest, code: str = "") -> Asked:
        """The unit of an address, the reader's own without one; the present month where none is named. Else 404."""
        return cls.of(post_of(request), code, request.GET)

    @classmethod
    def of(cls, post: Actor, code: str, given: QueryDict) -> Asked:
        """The same of a post and a query."""
        return cls(
            unit_of(post, code),
            month_of(given.get("month", "")) or timezone.localtime(clock.now()).date().replace(day=1),
        )

    @property
    def view(self) -> View:
        return View.of(self.unit, self.month, next_month(self.month))

    @property
    def disputes(self) -> View:
        """The same of mediations."""
        return replace(self.view, kind="mediation")

    @property
    def before(self) -> Asked:
        """The month before."""
        return replace(self, month=(self.month - timedelta(days=1)).replace(day=1))

    @property
    def year_before(self) -> Asked:
        return replace(self, month=self.month.replace(year=self.month.year - 1))

    @property
    def months(self) -> list[date]:
        """The months of a trend, oldest first."""
        found = [self.month]
        while len(found) < MONTHS:
            found.append((found[-1] - timedelta(days=1)).replace(day=1))
        return found[::-1]

    def href(self, *names: str, more: Mapping[str, str] | None = None) -> str:
        """The list of the cases that make up these counts; `more` narrows it to a category, channel or kind.

        A time is named by its indicator.
        """
        address = f"{_address('web:figures-behind', self.unit.code)}?count={quote(','.join(names))}"
        return "&".join((address, f"month={self.month:%Y-%m}", *([urlencode(more)] if more else ())))

    def whole_href(self, figure: Figure) -> str:
        """The list of the cases an indicator is of, or of the villages; nothing where there are none."""
        indicator = figure.indicator
        more = {} if indicator.kind == REQUESTS else {"kind": indicator.kind}
        if not figure.whole:
            return ""
        if indicator.form == "screened":
            return self.page("web:figures-screening")
        return self.href(*(indicator.whole.written or [indicator.code]), more=more)

    def page(self, name: str = "web:figures-of") -> str:
        """The address of the page of figures, or of another page of the unit and month."""
        return f"{_address(name, self.unit.code)}?month={self.month:%Y-%m}"


@lru_cache(maxsize=4096)
def _address(name: str, code: str) -> str:
    """Of a page of a unit: a page of figures leads to it from a hundred numbers."""
    return reverse(name, args=[code])


def unit_of(post: Actor, code: str) -> Organisation:
    """A unit at or below the reader's own; anything else is not there."""
    units = Organisation.objects.select_related("parent")
    wanted = units.filter(code=code) if code else units.filter(path=post.path)
    unit = wanted.first()
    if unit is None or not is_within(unit.path, post.path):
        raise Http404
    return unit


def month_of(written: str) -> date | None:
    """A month as addresses write it, by its first day; None where it makes no sense or lies ahead."""
    try:
        found = date.fromisoformat(f"{written}-01")
    except ValueError:
        return None
    return found if OLDEST <= found <= timezone.localtime(clock.now()).date() else None

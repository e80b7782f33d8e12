"""What a page of figures is about: a unit the reader may see, and a month; and where a number leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from linli.kit import clock
from linli.measures.actions.reading import View, next_month
from linli.orgs.models import Organisation, is_within
from linli.people.access import Actor, post_of

MONTHS = 13  # of a trend: this month and the twelve before it
OLDEST = date(2000, 1, 1)


@dataclass(frozen=True)
class Asked:
    """A unit and a month of it."""

    unit: Organisation
    month: date

    @classmethod
    def read(cls, request: HttpRequest, code: str = "") -> Asked:
        """The unit of an address, the reader's own without one; the present month where none is named. Else 404."""
        return cls(_unit(post_of(request), code), _month(request.GET.get("month", "")))

    @property
    def view(self) -> View:
        return View.of(self.unit, self.month, next_month(self.month))

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
        """The list of the cases that make up these counts; `more` narrows it to a category, channel or kind."""
        query = {"count": ",".join(names), "month": f"{self.month:%Y-%m}", **(more or {})}
        return f"{reverse('web:figures-behind', args=[self.unit.code])}?{urlencode(query)}"

    def page(self) -> str:
        """The address of the page of figures."""
        address = reverse("web:figures-of", args=[self.unit.code])
        return f"{address}?{urlencode({'month': f'{self.month:%Y-%m}'})}"


def _unit(post: Actor, code: str) -> Organisation:
    """A unit at or below the reader's own; anything else is not there."""
    units = Organisation.objects.select_related("parent")
    wanted = units.filter(code=code) if code else units.filter(path=post.path)
    unit = wanted.first()
    if unit is None or not is_within(unit.path, post.path):
        raise Http404
    return unit


def _month(written: str) -> date:
    today = timezone.localtime(clock.now()).date()
    try:
        found = date.fromisoformat(f"{written}-01")
    except ValueError:
        return today.replace(day=1)
    return found if OLDEST <= found <= today else today.replace(day=1)

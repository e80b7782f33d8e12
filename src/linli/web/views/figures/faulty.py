"""What went wrong in the cases of a unit in a month, item by item; each number opens to its cases."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linli.measures.actions import reading
from linli.measures.actions.assessing import scheme_of
from linli.measures.actions.reading import Counts
from linli.measures.formulas import indicators
from linli.measures.formulas.indicators import Count
from linli.measures.models.counts import Axis
from linli.orgs.models import Kind, Organisation
from linli.people.access import post_of, requires

from .asked import Asked
from .lines import of_kind

BELOW = (Kind.TOWNSHIP, Kind.DEPARTMENT, Kind.CENTRE, Kind.COMMITTEE, Kind.VILLAGE, Kind.COMMUNITY, Kind.GRID)
DISPUTES = "mediation"


@dataclass(frozen=True)
class Item:
    """A fault with what it costs of a hundred points, in how many cases it came about, and their list."""

    count: Count
    points: str
    n: int
    share: float | None
    href: str


@dataclass(frozen=True)
class Line:
    """A unit below: cases assessed with their list, faults of all kinds, and its own page with each of them."""

    unit: Organisation
    assessed: int
    assessed_href: str
    faults: int
    href: str


@dataclass(frozen=True)
class Looked:
    """A unit and month, and the kind of case that is looked at: a committee has mediations only."""

    asked: Asked
    kind: str

    @classmethod
    def read(cls, request: HttpRequest, code: str) -> Looked:
        asked = Asked.read(request, code)
        is_disputes = asked.unit.kind == Kind.COMMITTEE or request.GET.get("kind") == DISPUTES
        return cls(asked, DISPUTES if is_disputes else reading.REQUESTS)

    @property
    def view(self) -> reading.View:
        return replace(self.asked.view, axis=Axis.HOLDER.value, kind=self.kind)

    def behind(self, name: str, counts: Counts) -> str:
        """The list of the cases of a count; nothing where there are none."""
        return (
            self.asked.href(name, more={"axis": Axis.HOLDER.value, **of_kind(self.kind)})
            if counts[name]
            else ""
        )

    def page(self, unit: Organisation | None = None, kind: str | None = None) -> str:
        """The page of another unit, or of the other kind."""
        address = replace(self.asked, unit=unit or self.asked.unit).page("web:figures-faulty")
        return address + (f"&kind={DISPUTES}" if (kind or self.kind) == DISPUTES else "")


@requires("measures.view")
@require_safe
def faulty(request: HttpRequest, code: str) -> HttpResponse:
    """Reads sums only, in a fixed number of statements."""
    post, looked = post_of(request), Looked.read(request, code)
    asked, view = looked.asked, looked.view
    counts = reading.totals(view)
    units = Organisation.objects.filter(parent=asked.unit, kind__in=BELOW).order_by("code")
    named = {unit.path: unit for unit in units}
    found = reading.by_unit(view, named)
    up = asked.unit.parent if asked.unit.path != post.path else None
    context = {
        "asked": asked,
        "is_disputes": looked.kind == DISPUTES,
        "other": "" if asked.unit.kind == Kind.COMMITTEE else looked.page(kind=_other(looked.kind)),
        "assessed": counts["assessed"],
        "assessed_href": looked.behind("assessed", counts),
        "items": [
            _item(looked, counts, each.indicator.code, f"{each.points:f}")
            for each in scheme_of(looked.kind).items
        ],
        "lines": [
            _line(looked, unit, found[path]) for path, unit in named.items() if _is_said(found.get(path))
        ],
        "up": up,
        "up_href": looked.page(up) if up else "",
    }
    return render(request, "web/figures/faulty.html", context)


def _other(kind: str) -> str:
    return reading.REQUESTS if kind == DISPUTES else DISPUTES


def _item(looked: Looked, counts: Counts, name: str, points: str) -> Item:
    share = indicators.faults()[name].of(counts)
    return Item(indicators.counts()[name], points, counts[name], share, looked.behind(name, counts))


def _line(looked: Looked, unit: Organisation, counts: Counts) -> Line:
    there = replace(looked, asked=replace(looked.asked, unit=unit))
    behind = there.behind("assessed", counts)
    return Line(unit, counts["assessed"], behind, _faults(counts), looked.page(unit))


def _is_said(counts: Counts | None) -> bool:
    return counts is not None and bool(counts["assessed"] or _faults(counts))


def _faults(counts: Counts) -> int:
    return sum(counts.get(name, 0) for name in indicators.faults())

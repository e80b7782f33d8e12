"""The supervisor's board: what is late, where it is stuck, and a word to those who hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from linli.cases import actions as cases
from linli.cases.actions import board as figures
from linli.cases.models import Case
from linli.cases.procedures import latest
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Limit, due, moment_words, remaining
from linli.kit import clock
from linli.orgs.models import Organisation
from linli.people.access import Actor, post_of, requires
from linli.service_requests.models import Category
from linli.web.forms.supervision import SupervisionForm

from . import paging
from .filters import KIND
from .rows import place_words

SHADES = ("ch-soft", "ch-accent", "ch-late", "ch-pale")


@dataclass(frozen=True)
class Line:
    """A row of a table: its name, its figures, and where they lead."""

    label: str
    row: figures.Row
    narrow: dict[str, str]
    longest: str

    @property
    def share(self) -> float:
        return 100 * self.row.late / self.row.open if self.row.open else 0.0

    def _href(self, shown: str) -> str:
        return f"{reverse('web:cases')}?{urlencode({'board': shown, **self.narrow})}"

    @property
    def open_href(self) -> str:
        return self._href("open")

    @property
    def late_href(self) -> str:
        return self._href("late")

    @property
    def returned_href(self) -> str:
        return self._href("returned")

    @property
    def supervised_href(self) -> str:
        return self._href("supervised")


@dataclass(frozen=True)
class Span:
    """One stretch of the bar that says how long the late ones have been late."""

    label: str
    count: int
    shade: str
    name: str
    left: float
    width: float

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


@dataclass(frozen=True)
class Late:
    """A late case as the list shows it."""

    case: Case
    place: str
    desk: str
    since: datetime | None
    words: str
    moment: str
    is_supervised: bool
    marks: list[str]


Units = dict[tuple[str, str], Organisation]


@requires("board.view")
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    return _page(request, SupervisionForm())


@requires("case.supervise")
@require_POST
def supervisions(request: HttpRequest) -> HttpResponse:
    """Orders supervision of the ticked cases; what could not be ordered is named, with the reason."""
    form = SupervisionForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    post, at = post_of(request), clock.now()
    done, refused = 0, []
    for case_id in form.cleaned_data["case"]:
        try:
            cases.advance(
                case=case_id,
                verb="supervise",
                by=post,
                at=at,
                command_id=form.cleaned_data["command"],
                data={"order": form.cleaned_data["order"]},
            )
            done += 1
        except cases.CommandError as error:
            refused.append((case_id, str(error)))
    if done:
        said = ngettext("已发出督办，%(n)d 件。", "已发出督办，%(n)d 件。", done) % {"n": done}
        messages.success(request, said)
    numbers = dict(
        Case.objects.visible_to(post).filter(pk__in=[pk for pk, _said in refused]).values_list("pk", "number")
    )
    for case_id, reason in refused:
        said = _("%(number)s 没有督办：%(reason)s") % {"number": numbers.get(case_id, ""), "reason": reason}
        messages.warning(request, said.strip())
    query = request.GET.urlencode()
    return redirect(f"{reverse('web:board')}{'?' + query if query else ''}#late")


def _page(request: HttpRequest, form: SupervisionForm, status: int = 200) -> HttpResponse:
    post, at = post_of(request), clock.now()
    totals, groups = figures.totals(actor=post, kind=KIND, at=at)
    places = figures.by_place(actor=post, kind=KIND, at=at)
    holders = figures.by_holder(actor=post, kind=KIND, at=at)
    waiting = figures.desks(actor=post, kind=KIND, at=at)
    narrowed, names = _narrowed(request.GET)
    units = _units([*places, *holders], waiting, names)
    categories = {row.code: row for row in Category.objects.filter(parent=None).order_by("position")}
    context = {
        "at": at,
        "totals": totals,
        "spans": _spans(totals),
        "stuck": _stuck(waiting),
        "desks": [(desk, units["id", str(desk.organisation_id)], _why(desk.why)) for desk in waiting],
        "places": _lines(places, units, "place", post, at),
        "holders": _lines(holders, units, "unit", post, at),
        "categories": _by_category(groups, categories, at),
        "total": _total(places, at),
        "form": form,
        "may_supervise": post.may("case.supervise"),
        "reply": _reply(at),
        **_late_list(request, post, at, narrowed, units, categories),
    }
    return render(request, "web/board.html", context, status=status)


def narrowed_to(given: QueryDict) -> figures.Narrowed:
    """What the list of late cases is narrowed to, with its units looked up."""
    narrowed, names = _narrowed(given)
    return _placed(narrowed, _units([], [], names), given)


def _placed(narrowed: figures.Narrowed, units: Units, given: QueryDict) -> figures.Narrowed:
    place, holder = (units.get(("code", given.get(name, ""))) for name in ("place", "holder"))
    return replace(narrowed, place=place.path if place else "", holder=holder.path if holder else "")


def _narrowed(given: QueryDict) -> tuple[figures.Narrowed, dict[str, str]]:
    """What the address narrows the list of late cases to; codes are looked up with the other names."""
    try:
        desk = UUID(given.get("desk", "")) if given.get("desk") else None
    except ValueError:
        desk = None
    span = given.get("span", "")
    names = {name: given.get(name, "")[:32] for name in ("place", "holder") if given.get(name)}
    narrowed = figures.Narrowed(
        desk=desk,
        why=given.get("why", "")[:32],
        category=given.get("category", "")[:48],
        span=int(span) if span in map(str, range(len(figures.SPANS))) else None,
        is_returned=given.get("returned") == "1",
    )
    return narrowed, names


def _units(rows: Iterable[figures.Row], waiting: Iterable[figures.Desk], names: Mapping[str, str]) -> Units:
    """Every unit the page names, by path, by id and by code, from one statement."""
    wanted = Q(path__in={row.key for row in rows}) | Q(pk__in={desk.organisation_id for desk in waiting})
    found: Units = {}
    for unit in Organisation.objects.filter(wanted | Q(code__in=names.values())).select_related("parent"):
        found["path", unit.path] = found["id", str(unit.pk)] = found["code", unit.code] = unit
    return found


def _lines(
    rows: Iterable[figures.Row], units: Units, parameter: str, post: Actor, at: datetime
) -> list[Line]:
    lines = []
    for row in rows:
        unit = units.get(("path", row.key))
        if unit is None:
            continue
        label, narrow = unit.label, {parameter: unit.code}
        if row.key == post.path:
            label, narrow = _("%(unit)s（本级）") % {"unit": unit.label}, {}
        elif parameter == "unit" and unit.kind == "township" and unit.path != post.path:
            label = _("%(unit)s各单位") % {"unit": unit.label}
        lines.append(Line(label, row, narrow, _longest(row.due_at, at)))
    return lines


def _by_category(rows: Iterable[figures.Row], groups: Mapping[str, Category], at: datetime) -> list[Line]:
    order = {code: number for number, code in enumerate(groups)}
    lines = [
        Line(
            groups[row.key].label if row.key in groups else row.key,
            row,
            {"category": row.key},
            _longest(row.due_at, at),
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: order.get(line.row.key, len(order)))


def _total(rows: Iterable[figures.Row], at: datetime) -> Line:
    total = figures.Row("")
    for row in rows:
        total.add({**vars(row), "oldest": row.due_at})
    return Line(_("合计"), total, {}, _longest(total.due_at, at))


def _longest(due_at: datetime | None, at: datetime) -> str:
    if due_at is None:
        return ""
    n = remaining(due_at, at, current()).working_days
    return ngettext("%(n)d 个工作日", "%(n)d 个工作日", n) % {"n": n} if n else _("不到 1 个工作日")


def _spans(totals: figures.Totals) -> list[Span]:
    """The bar in per cent; a stretch with cases in it is never too narrow to be seen."""
    labels = [
        _("2 个工作日以内"),
        _("3–5 个工作日"),
        _("6–10 个工作日"),
        _("10 个工作日以上"),
    ]
    widths = [max(6.0, 100 * count / totals.late) if count else 0.0 for count in totals.late_spans]
    scale = 100 / sum(widths) if sum(widths) else 0
    spans, left = [], 0.0
    for number, (label, count, width) in enumerate(zip(labels, totals.late_spans, widths, strict=True)):
        spans.append(Span(label, count, SHADES[number], str(number), left, max(0.0, width * scale - 0.4)))
        left += width * scale
    return spans


def _stuck(waiting: Iterable[figures.Desk]) -> list[tuple[str, str, int]]:
    """Late cases by what they wait for: reason, its words, how many."""
    counts: dict[str, int] = {}
    for desk in waiting:
        counts[desk.why] = counts.get(desk.why, 0) + desk.late
    return [(why, _why(why), count) for why, count in sorted(counts.items(), key=lambda item: -item[1])]


def _why(why: str) -> str:
    return str(latest(KIND).whys.get(why, why))


def _reply(at: datetime) -> dict[str, Any]:
    """By when a supervision ordered now is to be answered, with its derivation."""
    limit = Limit.parse(latest(KIND).clocks["supervision"].limit)
    derived = due(at, limit, current())
    assert derived.due_at is not None
    return {
        "limit": limit.words,
        "moment": moment_words(derived.due_at, at, current()),
        "lines": derived.lines(),
        "provisional": derived.provisional,
    }


def _late_list(
    request: HttpRequest,
    post: Actor,
    at: datetime,
    narrowed: figures.Narrowed,
    units: Units,
    categories: Mapping[str, Category],
) -> dict[str, Any]:
    place, holder = (units.get(("code", request.GET.get(name, ""))) for name in ("place", "holder"))
    narrowed = _placed(narrowed, units, request.GET)
    key = paging.Key.parse(request.GET.get("after", ""))
    after = (key.at, key.id) if key is not None and key.at is not None else None
    page = figures.late_page(actor=post, kind=KIND, at=at, narrowed=narrowed, after=after)
    desk = units.get(("id", str(narrowed.desk))) if narrowed.desk else None
    group = categories.get(narrowed.category)
    words = [
        *(unit.label for unit in (place, holder, desk) if unit),
        _why(narrowed.why) if narrowed.why else "",
        group.label if group else narrowed.category,
        _spans(figures.Totals(late_spans=(0, 0, 0, 0)))[narrowed.span].label
        if narrowed.span is not None
        else "",
        _("退回过") if narrowed.is_returned else "",
    ]
    return {
        "late": [late(case, page, at) for case in page.cases],
        "more": str(paging.Key(*page.after)) if page.after else "",
        "narrowed": " · ".join(filter(None, words)),
        "size": figures.PAGE,
    }


def late(case: Case, page: figures.Page, at: datetime) -> Late:
    assert case.due_at is not None
    task = page.desks.get(case.pk)
    return Late(
        case=case,
        place=place_words(case),
        desk=f"{task.organisation.label} · {_why(task.why)}" if task else str(case.stage.label),
        since=task.since if task else case.state_since,
        words=remaining(case.due_at, at, current()).words,
        moment=moment_words(case.due_at, at, current()),
        is_supervised=case.pk in page.supervised,
        marks=list(_marks(case, case.pk in page.supervised)),
    )


def _marks(case: Case, is_supervised: bool) -> Iterator[str]:
    if is_supervised:
        yield _("督办了，等回复")
    elif case.supervisions:
        n = case.supervisions
        yield ngettext("督办过 %(n)d 次，已回复", "督办过 %(n)d 次，已回复", n) % {"n": n}
    if case.returns:
        yield ngettext("被退回 %(n)d 次", "被退回 %(n)d 次", case.returns) % {"n": case.returns}

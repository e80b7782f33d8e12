"""The cases behind a number, under the reader's own rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.cases.models import Case, CaseQuerySet
from linli.cases.procedures.model import Label
from linli.kit import clock
from linli.measures.actions import reading
from linli.measures.actions.behind import cases_behind, cases_timed, made_up, signed
from linli.measures.formulas import indicators
from linli.measures.formulas.indicators import Indicator
from linli.measures.formulas.periods import month_words
from linli.measures.models.counts import Axis
from linli.people.access import Actor, post_of, requires
from linli.web.views import filters, kinds, paging, rows

from .asked import Asked, month_of

LONGEST = 48
MANY = 1_000
DAY = timedelta(days=1)


@requires("measures.view")
@require_safe
def behind(request: HttpRequest, code: str) -> HttpResponse:
    """Fifty a page, newest first. The number counts more than the reader may see: the last page says how much more."""
    post, at = post_of(request), clock.now()
    asked = Asked.read(request, code)
    view, names = read(post, code, request.GET)
    number = _number(view, names)
    cases = found(post, view, names, number)
    page = paging.newest(cases.select_related("place__parent", "holder"), request.GET.get("after", ""))
    options = filters.options_for(post, "", units=False)
    listed = 0 if page.more else _made_up(view, names, cases)
    context = {
        "asked": asked,
        "at": at,
        "page": page,
        "rows": [rows.case_row(case, options, at) for case in page.rows],
        "counts": _said(names),
        "number": number,
        "listed": listed,
        "elsewhere": 0 if page.more else max(0, number - listed),
        "about": _about(view, options),
    }
    return render(request, "web/figures/behind.html", context)


def read(post: Actor, code: str, query: QueryDict) -> tuple[reading.View, list[str]]:
    """The figure a query asks for: its view and its counts, or one time. Raises Http404 for one the post has not."""
    asked = Asked.of(post, code, query)
    names = query.get("count", "")[:200].split(",")
    if _timed(names) is None and not all(name.removeprefix("-") in indicators.counts() for name in names):
        raise Http404
    return _view(asked, query), names


def found(post: Actor, view: reading.View, names: Sequence[str], number: int = MANY) -> CaseQuerySet:
    """The cases that make up these counts, or that a time is of, as far as the post sees them.

    `number`: how many there are, where it is known. A few are asked for first, because databases expect more and would
    look for them among all cases, from the newest on.
    """
    timed = _timed(names)
    rows = cases_behind(view, names) if timed is None else cases_timed(view, timed.measure)
    ids = rows.values_list("case_id", flat=True)
    later = datetime.combine(view.end + DAY, time(), UTC)  # in whichever zone: so that no list begins there
    wanted = ids if number >= MANY else list(ids)
    return Case.objects.visible_to(post).filter(pk__in=wanted, received_at__lt=later)


def _timed(names: Sequence[str]) -> Indicator | None:
    """The indicator of a median or ninth decile, where one is asked for by its name and nothing else is."""
    known = indicators.indicators().get(names[0]) if len(names) == 1 else None
    return known if known is not None and known.measure else None


def _number(view: reading.View, names: Sequence[str]) -> int:
    timed = _timed(names)
    return signed(names).of(reading.totals(view)) if timed is None else reading.figure(timed.code, view).whole


def _made_up(view: reading.View, names: Sequence[str], cases: CaseQuerySet) -> int:
    return made_up(view, names, cases) if _timed(names) is None else cases.count()


def _said(names: Sequence[str]) -> list[tuple[str, Label, Label]]:
    """What was asked for in words: labels with meanings, each with what stands before it."""
    timed, known = _timed(names), indicators.counts()
    if timed is not None:
        return [("", timed.label, timed.definition)]
    return [
        (("−" if sign < 0 else "+") if place or sign < 0 else "", known[name].label, known[name].meaning)
        for place, (sign, name) in enumerate(signed(names).terms)
    ]


def _view(asked: Asked, query: QueryDict) -> reading.View:
    given = {name: query.get(name, "")[:LONGEST] for name in ("category", "channel", "kind", "axis")}
    last = replace(asked, month=max(asked.month, month_of(query.get("until", "")) or asked.month))
    return replace(
        asked.view,
        end=last.view.end,
        axis=given["axis"] if given["axis"] in set(Axis) else asked.view.axis,
        kind=given["kind"] or reading.REQUESTS,
        category=given["category"],
        channel=given["channel"],
    )


def _about(view: reading.View, options: filters.Options) -> list[str]:
    last, is_long = month_words(view.end - DAY), view.end > reading.next_month(view.begin)
    words = [_("到 %(month)s") % {"month": last}] if is_long else []
    words += [options.category_words(view.kind, view.category) if view.category else ""]
    if view.channel:
        words.append(str(kinds.channels().get(view.channel, view.channel)))
    if view.kind != reading.REQUESTS:
        words.append(kinds.word_of(view.kind) or _("人民调解"))
    return [word for word in words if word]

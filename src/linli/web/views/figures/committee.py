"""What the page shows of a committee: what it took on and settled, how long it takes, and rounds of screening."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from linli.cases.models import Case, CaseQuerySet
from linli.kit.charts import Cell, Chart, Line
from linli.kit.clock import midnight, midnight_after
from linli.measures.actions import reading
from linli.measures.actions.reading import Series
from linli.measures.formulas.periods import month_words
from linli.mediation.actions import screening
from linli.mediation.models import Category
from linli.orgs.models import Organisation, within
from linli.people.access import Actor
from linli.web.views import kinds

from .asked import Asked
from .lines import number, of_kind, shares, trend
from .standing import Step, by_state, funnel
from .standing import lines as lines_of

KIND = "mediation"
KINDS = (KIND,)
AGES = (7, 30, 60)  # days since a dispute was brought, the last of each span


def charts(asked: Asked, series: Series, states: Iterable[Step], days: Iterable[Step]) -> list[Chart]:
    more, month = of_kind(KIND), _("月份")
    cases, years = pgettext("chart", "件"), (pgettext("chart", "本年"), _("去年同月"))
    lines = trend(asked, series, ("mediated", "settled"), more)
    rounds = (_("已排查的村、社区"), _("全部村、社区"))
    return [
        Chart("f-received", _("受理和调成，逐月"), "line", month, (*taken(), _("去年同月受理")), lines),
        Chart(
            "f-settled",
            _("调解成功率，逐月"),
            "line",
            month,
            years,
            shares(asked, series, "mediation_settled"),
            "%",
        ),
        Chart("f-ageing", _("调了多久了（现在）"), "columns", _("从提出算起"), (cases,), lines_of(days)),
        Chart("f-screened", _("排查，逐月"), "columns", month, rounds, _screened(asked)),
        funnel(states),
        Chart("f-categories", _("按纠纷类型（本月）"), "bar", _("纠纷类型"), taken(), _categories(asked)),
        Chart(
            "f-channels",
            _("从哪里来的（本月）"),
            "bar",
            _("来源"),
            (pgettext("chart", "收到"),),
            _channels(asked),
        ),
    ]


def taken() -> tuple[str, str]:
    """The headings of what was taken on and what was settled."""
    return pgettext("chart", "受理"), pgettext("chart", "调成")


def standing(post: Actor, unit: Organisation, at: datetime) -> tuple[list[Step], list[Step]]:
    """Open disputes by state, in the order of the procedure, and by the days since they were brought."""
    spans = list(_spans(timezone.localtime(at).date()))
    counted = {f"n{n}": Count("id", filter=_received(*days)) for n, (_label, *days) in enumerate(spans)}
    found: list[Any] = list(_open(post, unit).order_by().values("state").annotate(n=Count("id"), **counted))
    ages = []
    for n, (label, since, until) in enumerate(spans):
        days = {name: f"{day:%Y-%m-%d}" for name, day in (("since", since), ("until", until)) if day}
        cases = sum(row[f"n{n}"] for row in found)
        ages.append(Step(label, cases, _href(unit, **days) if cases else ""))
    return by_state(
        {row["state"]: row["n"] for row in found}, KIND, lambda state: _href(unit, state=state)
    ), ages


def _received(since: date | None, until: date | None) -> Q:
    """The same days as the list behind takes them."""
    wanted = Q(received_at__gte=midnight(since)) if since else Q()
    return wanted & Q(received_at__lt=midnight_after(until)) if until else wanted


def _spans(today: date) -> list[tuple[str, date | None, date | None]]:
    """Labels with the first and the last day of receipt."""
    first, second, third = (today - timedelta(days=days) for days in AGES)
    day = timedelta(days=1)
    return [
        (_("7 天以内"), first, None),
        (_("8–30 天"), second, first - day),
        (_("31–60 天"), third, second - day),
        (_("60 天以上"), None, third - day),
    ]


def _open(post: Actor, unit: Organisation) -> CaseQuerySet:
    cases = Case.objects.visible_to(post).filter(kind__in=kinds.MEDIATIONS, is_open=True)
    return cases.filter(within("holder_path", unit.path))


def _href(unit: Organisation, **more: str) -> str:
    return f"{reverse('web:cases')}?{urlencode({'kind': KIND, 'unit': unit.code, **more})}"


def _categories(asked: Asked) -> list[Line]:
    names = {row.code: row for row in Category.objects.order_by("position", "code")}
    found = reading.by_category(asked.disputes, ("mediated", "settled"))
    lines = []
    for code, row in names.items():
        if any(found.get(code, {}).get(name) for name in ("mediated", "settled")):
            more = {**of_kind(KIND), "category": code}
            cells = (
                number(asked, found[code], "mediated", more),
                number(asked, found[code], "settled", more),
            )
            lines.append(Line(row.label, cells))
    return lines


def _channels(asked: Asked) -> list[Line]:
    words = kinds.channels()
    return [
        Line(
            str(words.get(code, code)),
            (number(asked, counts, "received", {**of_kind(KIND), "channel": code}),),
        )
        for code, counts in reading.by_channel(asked.disputes, ("received",)).items()
    ]


def _screened(asked: Asked) -> list[Line]:
    """Rounds done in the place the committee serves, beside how many there should be."""
    lines = []
    for month, (n, whole) in screening.done_in((asked.unit.parent or asked.unit).path, asked.months).items():
        address = replace(asked, month=month).page("web:figures-screening")
        cells = (Cell(f"{each:,}", address if each else "", each) for each in (n, whole))
        lines.append(Line(month_words(month), tuple(cells)))
    return lines

"""What the page shows of requests: months, what is late, categories and channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from linli.kit.charts import Chart, Line
from linli.measures.actions import reading
from linli.measures.actions.reading import Counts, Series
from linli.service_requests.models import Category
from linli.web.views import kinds

from .asked import Asked
from .lines import late, number, shares, trend, with_numbers
from .standing import Step, funnel, standing
from .standing import lines as lines_of

__all__ = ["KINDS", "charts", "parts", "standing"]
KINDS = (reading.REQUESTS, "mediation")
PARTS = ("received", "on_time", *reading.LATE)  # what a breakdown shows


def charts(asked: Asked, series: Series, states: Iterable[Step], ages: Iterable[Step]) -> list[Chart]:
    month, cases = _("月份"), pgettext("chart", "件")
    years = (pgettext("chart", "本年"), _("去年同月"))
    received = (pgettext("chart", "收到"), pgettext("chart", "结束"), _("去年同月收到"))
    lines = trend(asked, series, ("received", "finished"))
    kept, satisfied = shares(asked, series, "on_time"), shares(asked, series, "satisfied")
    return [
        Chart("f-received", _("收到和结束，逐月"), "line", month, received, lines),
        Chart("f-kept", _("按期结案率，逐月"), "line", month, years, kept, "%"),
        Chart("f-satisfied", _("满意率，逐月"), "line", month, years, satisfied, "%"),
        Chart(
            "f-ageing",
            _("超期多久了（现在）"),
            "columns",
            _("超期时长"),
            (cases,),
            lines_of(ages),
            note=_("按工作日"),
        ),
        funnel(states),
        Chart("f-categories", _("按类别（本月）"), "bar", _("类别"), parts(), _categories(asked)),
        Chart("f-channels", _("从哪里反映的（本月）"), "bar", _("来源"), parts(), _channels(asked)),
    ]


def parts() -> tuple[str, ...]:
    """The headings of a breakdown."""
    return pgettext("chart", "收到"), pgettext("chart", "按期"), pgettext("chart", "超期")


def _categories(asked: Asked) -> list[Line]:
    names = {row.code: row for row in Category.objects.filter(parent=None).order_by("position")}
    found = reading.by_category(asked.view, PARTS, groups=True)
    ordered = sorted(found, key=lambda code: names[code].position if code in names else 999)
    return with_numbers(
        [
            _parts(asked, names[code].label if code in names else code, found[code], {"category": code})
            for code in ordered
        ]
    )


def _channels(asked: Asked) -> list[Line]:
    found, words = reading.by_channel(asked.view, PARTS), kinds.channels()
    return with_numbers(
        [
            _parts(asked, str(words.get(code, code)), counts, {"channel": code})
            for code, counts in found.items()
        ]
    )


def _parts(asked: Asked, label: str, counts: Counts, more: Mapping[str, str]) -> Line:
    """What was received, settled in time and late, of one category or channel."""
    cells = (number(asked, counts, "received", more), number(asked, counts, "on_time", more))
    return Line(label, (*cells, late(asked, counts, more)))

"""What a month is made of: its units, categories, channels, and what the reporters say of it."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from linli.documents.render import reports
from linli.measures.actions.reading import LATE, Counts
from linli.measures.actions.reports import parts
from linli.measures.actions.reports.months import Month, Row
from linli.measures.actions.reports.parts import Document
from linli.measures.formulas import indicators
from linli.service_requests.models import Channel


def sections(month: Month) -> Iterator[Document]:
    """Units in their fixed order, groups of categories, channels, grades."""
    yield from _units(month)
    yield _categories(month)
    yield _channels(month)
    yield _satisfied(month)


def _units(month: Month) -> Iterator[Document]:
    for heading, rows in ((_("各地方"), month.places), (_("各承办单位"), month.holders)):
        if rows:
            yield _of_units(month, heading, rows)


def _of_units(month: Month, heading: str, rows: list[Row]) -> Document:
    head = [
        _("单位"),
        pgettext("chart", "收到"),
        _("应结案"),
        pgettext("chart", "按期"),
        pgettext("chart", "超期"),
    ]
    head += [_("按期结案率"), _("办结用时（中位数）")]
    cells = []
    for row in rows:
        numbers = [
            parts.number(row.counts[name], row.href(month.month, name))
            for name in ("received", "due", "on_time")
        ]
        cells.append(
            [
                parts.cell(row.unit.label, f"/desk/figures/{row.unit.code}?month={month.month:%Y-%m}"),
                *numbers,
                parts.number(parts.late_of(row.counts), row.href(month.month, *LATE)),
                parts.cell(parts.share("on_time", row.counts).words),
                parts.cell(row.close.words),
            ]
        )
    return parts.section(
        heading,
        chart=_bars([row.unit.label for row in rows], [row.counts for row in rows]),
        table=parts.table(head, cells, wide=(6, 3, 3, 3, 3, 4, 5)),
        note=_("按固定次序，不排名次；没有数的不列。办结是经过核查、没有被重开的。"),
    )


def _bars(labels: list[str], counts: list[Counts]) -> Document:
    kept = [each["on_time"] for each in counts]
    late = [parts.late_of(each) for each in counts]
    return reports.chart(
        "bars", labels, [(pgettext("chart", "按期"), kept), (pgettext("chart", "超期"), late)]
    )


def _categories(month: Month) -> Document:
    found = {code: (month.label(code), counts) for code, counts in month.groups().items()}
    return _made_of(month, _("反映了什么"), "category", found)


def _channels(month: Month) -> Document:
    words = {value: str(label) for value, label in Channel.choices}
    found = {code: (words.get(code, code), counts) for code, counts in month.channels.items()}
    return _made_of(month, _("从哪里反映的"), "channel", found)


def _made_of(month: Month, heading: str, name: str, found: dict[str, tuple[str, Counts]]) -> Document:
    """What was received, kept and late, of each category or channel."""
    if not found:
        return parts.section(heading, _("这个月没有。"))
    rows = [
        [
            parts.cell(label),
            parts.number(
                counts["received"], parts.behind(month.unit, month.month, "received", more={name: code})
            ),
            parts.number(
                counts["on_time"], parts.behind(month.unit, month.month, "on_time", more={name: code})
            ),
            parts.late_cell(month.unit, month.month, counts, **{name: code}),
            parts.cell(parts.share("on_time", counts).words),
        ]
        for code, (label, counts) in found.items()
    ]
    head = [
        heading,
        pgettext("chart", "收到"),
        pgettext("chart", "按期"),
        pgettext("chart", "超期"),
        _("按期结案率"),
    ]
    pairs = list(found.values())
    chart = _bars([label for label, _counts in pairs], [counts for _label, counts in pairs])
    return parts.section(heading, chart=chart, table=parts.table(head, rows, wide=(6, 3, 3, 3, 4)))


def _satisfied(month: Month) -> Document:
    """Grades and reopenings: what the reporters themselves say of it."""
    rows = []
    for code, counts in month.groups().items():
        if not (counts["rated"] or counts["reopened"]):
            continue
        links = {
            name: parts.behind(month.unit, month.month, name, more={"category": code})
            for name in ("rated", "satisfied", "reopened")
        }
        numbers = {name: parts.number(counts[name], href) for name, href in links.items()}
        share = parts.cell(parts.share("satisfied", counts).words)
        rows.append(
            [
                parts.cell(month.label(code)),
                numbers["rated"],
                numbers["satisfied"],
                share,
                numbers["reopened"],
            ]
        )
    if not rows:
        return parts.section(_("群众评价"), _("这个月没有评价，也没有重开的。"))
    known = indicators.counts()
    head = [
        _("反映了什么"),
        *(str(known[name].label) for name in ("rated", "satisfied")),
        parts.label_of("satisfied"),
        str(known["reopened"].label),
    ]
    return parts.section(_("群众评价"), table=parts.table(head, rows, wide=(6, 3, 3, 3, 3)))

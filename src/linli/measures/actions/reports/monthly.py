"""The monthly report in words: the numbers of a month beside those before, where it is late, and how all is counted."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from linli.documents.render import reports
from linli.measures.actions import reading
from linli.measures.actions.reading import LATE
from linli.measures.actions.reports import closing, makeup, parts
from linli.measures.actions.reports.months import Month, year_before
from linli.measures.actions.reports.parts import Document
from linli.measures.formulas.periods import month_words

SHARES = ("on_time", "satisfied")


def document(month: Month) -> Document:
    """The report in the language of the moment."""
    sections = [
        _trend(month),
        _kept(month),
        *makeup.sections(month),
        *closing.sections(month),
    ]
    name = date_format(month.month, _("Y年n月"))
    return parts.document(
        title=_("%(unit)s %(month)s情况月报") % {"unit": month.unit.label, "month": name},
        author=month.unit.label,
        about=list(_about(month)),
        tiles=list(_tiles(month)),
        sections=parts.numbered(sections),
        is_tight=False,
    )


def _about(month: Month) -> Iterator[str]:
    yield _("统计到 %(at)s；数字由事项的记录算出，没有一个是手填的。") % {"at": moment(month)}
    checked = month.checked
    if checked.size is not None:
        yield _("算到总账第 %(position)d 条；检查点 %(size)d 条，根 %(root)s。") % vars(checked)
    else:
        yield _("算到总账第 %(position)d 条；还没有检查点。") % {"position": checked.position}


def moment(month: Month) -> str:
    """When it was counted, in the unit's own time."""
    return f"{timezone.localtime(month.at, month.unit.zone):%Y-%m-%d %H:%M}"


# At the head ------------------------------------------------------------------------------------


def _tiles(month: Month) -> Iterator[Document]:
    yield _count(month, pgettext("chart", "收到"), "received")
    yield _count(month, pgettext("chart", "结束"), "finished")
    yield _figure(month, "on_time")
    yield _figure(month, "answered")
    yield _figure(month, "satisfied")
    yield _figure(month, "close_median")
    late = [parts.late_of(counts) for counts in month.counts]
    yield _tile(month, _("本月到期超期"), late, parts.behind(month.unit, month.month, *LATE))
    yield _tile(month, _("月末在办"), [each["open"] for each in month.standing], "")


def _count(month: Month, label: str, name: str) -> Document:
    numbers = [counts[name] for counts in month.counts]
    return _tile(month, label, numbers, parts.behind(month.unit, month.month, name))


def _tile(month: Month, label: str, numbers: list[int], href: str) -> Document:
    now, before, earlier = numbers
    return parts.tile(
        label,
        parts.number(now, href),
        parts.noted(_("上月"), f"{before:,}", parts.compared(now, before)),
        parts.noted(_("去年同月"), f"{earlier:,}", parts.compared(now, earlier)),
    )


def _figure(month: Month, code: str) -> Document:
    now, before, earlier = month.figure(code)
    is_share = now.indicator.form == "share"
    notes = [
        parts.noted(label, then.words, parts.compared(now.value, then.value, is_share=is_share))
        for label, then in ((_("上月"), before), (_("去年同月"), earlier))
    ]
    return parts.tile(str(now.indicator.label), parts.cell(now.words), *notes)


# Over time --------------------------------------------------------------------------------------


def _trend(month: Month) -> Document:
    """Thirteen months beside those of the year before, as a chart and as a table."""
    now = [month.series.get(each, reading.NOTHING) for each in month.months]
    then = [month.series.get(year_before(each)) for each in month.months]
    lines: list[tuple[str, list[float | None]]] = [
        (pgettext("chart", "收到"), [each["received"] for each in now]),
        (pgettext("chart", "结束"), [each["finished"] for each in now]),
        (_("去年同月收到"), [each["received"] if each else None for each in then]),
    ]
    shares = [[parts.share(code, each).words for each in now] for code in SHARES]
    rows = [
        [
            parts.cell(month_words(day)),
            parts.number(counts["received"], parts.behind(month.unit, day, "received")),
            parts.number(counts["finished"], parts.behind(month.unit, day, "finished")),
            parts.cell(f"{earlier['received']:,}" if earlier else "—"),
            parts.cell(kept),
            parts.cell(satisfied),
        ]
        for day, counts, earlier, kept, satisfied in zip(month.months, now, then, *shares, strict=True)
    ]
    head = [_("月份"), lines[0][0], lines[1][0], lines[2][0], *(parts.label_of(code) for code in SHARES)]
    return parts.section(
        _("总体情况"),
        _summary(month),
        chart=reports.chart("lines", [month_words(day) for day in month.months], lines),
        table=parts.table(head, rows, wide=(4, 3, 3, 4, 4, 3)),
    )


def _summary(month: Month) -> str:
    counts, standing = month.counts[0], month.standing[0]
    if not counts["received"] and not counts["finished"]:
        return _("这个月没有收到事项，也没有结束的。月末在办 %(open)d 件。") % standing
    return _(
        "本月收到 %(received)d 件，结束 %(finished)d 件；到期 %(due)d 件：按期 %(on_time)d 件，超期 %(late)d 件，"
        "办结后被重开 %(undone)d 件。反映人重开 %(reopened)d 件，核查退回 %(reworked)d 件，督办 %(supervised)d 件。"
        "月末在办 %(open)d 件；到月末已到期、现在还没有结束的 %(late_open_now)d 件。"
    ) % {
        **counts,
        "late": parts.late_of(counts),
        "open": standing["open"],
        "late_open_now": standing["late_open"],
    }


def _kept(month: Month) -> Document:
    found: list[tuple[str, list[float | None]]] = []
    for code in SHARES:
        shares = [parts.share(code, month.series.get(day, reading.NOTHING)).value for day in month.months]
        found.append((parts.label_of(code), [None if n is None else round(n, 1) for n in shares]))
    labels = [month_words(day) for day in month.months]
    chart = reports.chart("lines", labels, found, unit="%", top=100)
    return parts.section(
        _("按期和满意，逐月"), chart=chart, note=_("每月的数见上表；没有到期或没有评价的月份不画。")
    )

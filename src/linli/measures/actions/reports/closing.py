"""The second half of a monthly report: what is late and where, what comes back, and how everything is counted."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from linli.kit.lists import clauses
from linli.measures.actions.figures import previous_month
from linli.measures.actions.reading import LATE
from linli.measures.actions.reports import parts
from linli.measures.actions.reports.months import LISTED, Month, year_before
from linli.measures.actions.reports.parts import Document
from linli.measures.formulas import indicators
from linli.measures.formulas.periods import month_words
from linli.measures.formulas.surges import Notice, Surge

SHOWN = (
    "received",
    "finished",
    "due",
    "on_time",
    *LATE,
    "reopened",
    "reworked",
    "supervised",
    "rated",
    "satisfied",
)


def sections(month: Month) -> Iterator[Document]:
    """Late by unit and category, surges and problems, indicators, definitions."""
    yield from _late(month)
    yield _again(month)
    yield _indicators(month)
    yield _notes(month)


def _late(month: Month) -> Iterator[Document]:
    """Where: by unit in its fixed order, and by category with the most first."""
    rows = [
        [
            parts.cell(row.unit.label),
            parts.number(parts.late_of(row.counts), row.href(month.month, *LATE)),
            parts.number(row.counts["late_open"], row.href(month.month, "late_open")),
            parts.number(row.late_open),
        ]
        for row in month.holders or month.places
        if parts.late_of(row.counts) or row.late_open
    ]
    heads = [_("本月到期超期"), _("其中现在还没有结束"), _("到月末已到期、现在还没有结束")]
    table = parts.table([_("单位"), *heads], rows, wide=(5, 3, 4, 5)) if rows else None
    yield parts.section(_("哪里超期"), *(() if rows else (_("没有超期的。"),)), table=table)
    found = {
        code: counts for code, counts in month.categories.items() if "." in code and parts.late_of(counts)
    }
    worst = sorted(found, key=lambda code: (-parts.late_of(found[code]), code))[:LISTED]
    if worst:
        rows = [
            [
                parts.cell(month.label(code)),
                parts.late_cell(month.unit, month.month, found[code], category=code),
                parts.number(
                    found[code]["late_open"],
                    parts.behind(month.unit, month.month, "late_open", more={"category": code}),
                ),
                parts.cell(parts.share("on_time", found[code]).words),
            ]
            for code in worst
        ]
        table = parts.table([_("反映了什么"), *heads[:2], _("按期结案率")], rows, wide=(6, 3, 4, 4))
        yield parts.section(_("哪些事超期最多"), table=table, note=_("最多列 %(n)d 类。") % {"n": LISTED})


def _again(month: Month) -> Document:
    """Surges and problems, which point at places and things."""
    words = [_surged(month, notice) for notice in month.surges]
    if not words:
        words.append(_("没有哪个地方的哪类事明显多起来。"))
    rows = [
        [
            parts.cell(each.organisation.label),
            parts.cell(month.label(each.category), f"/desk/problems/{each.pk}"),
            parts.cell(f"{each.cases + each.came_back:,}"),
            parts.cell(each.get_state_display()),
            parts.cell(each.owner.label if each.owner else "—"),
        ]
        for each in month.problems
    ]
    if not rows:
        words.append(_("没有反复出现的源头问题。"))
    head = [_("地方"), _("源头问题"), pgettext("chart", "件"), _("状态"), _("谁在查原因")]
    table = parts.table(head, rows, wide=(4, 5, 2, 4, 4), words=(0, 1, 3, 4)) if rows else None
    return parts.section(_("多起来的和反复出现的"), *words, table=table)


# How it is counted ------------------------------------------------------------------------------


def _surged(month: Month, notice: Notice) -> str:
    """A notice on one line: each category with its highest day."""
    highest: dict[str, Surge] = {}
    for surge in notice.surges:
        known = highest.get(surge.category)
        if known is None or surge.counts[1] > known.counts[1]:
            highest[surge.category] = surge
    said = [
        _("%(category)s一天 %(n)d 件，往常 %(usual).1f 件")
        % {"category": month.label(category), "n": surge.counts[1], "usual": surge.expected}
        for category, surge in highest.items()
    ]
    place = month.units[notice.place].label if notice.place in month.units else notice.place
    return _("%(day)s %(place)s：%(said)s。") % {
        "day": notice.day,
        "place": place,
        "said": clauses(said),
    }


def _indicators(month: Month) -> Document:
    rows = []
    for now, before, earlier in month.figures:
        if now.indicator.form == "screened" and not now.whole:
            continue
        target = "—" if now.indicator.target is None else f"{now.indicator.target:g}%"
        of = (
            f"{now.part:,} ÷ {now.whole:,}"
            if now.indicator.form in ("share", "screened")
            else _("%(n)d 件") % {"n": now.whole}
        )
        sides = (now.words, before.words, earlier.words, of, target)
        rows.append([parts.cell(str(now.indicator.label)), *(parts.cell(words) for words in sides)])
    head = [_("指标"), _("本月"), _("上月"), _("去年同月"), _("本月的分子 ÷ 分母"), _("目标")]
    return parts.section(_("全部指标"), table=parts.table(head, rows, wide=(6, 3, 3, 3, 4, 3)))


def _notes(month: Month) -> Document:
    rows = [
        [
            parts.cell(str(now.indicator.label)),
            parts.cell(str(now.indicator.definition)),
            parts.cell(str(now.indicator.source)),
        ]
        for now, _before, _earlier in month.figures
    ]
    rows += [
        [parts.cell(str(each.label)), parts.cell(str(each.meaning)), parts.cell("")]
        for name, each in indicators.counts().items()
        if name in SHOWN
    ]
    spans = {
        "month": month_words(month.month),
        "before": month_words(previous_month(month.month)),
        "year": month_words(year_before(month.month)),
    }
    return parts.section(
        _("怎样算的"),
        _("本月是 %(month)s，上月是 %(before)s，去年同月是 %(year)s。") % spans,
        _(
            "举报不计入被举报的单位和它下面的单位。几个人反映同一件事，另记并案。退回、转办、改地点、并案都不会让超期变成按期。"
        ),
        table=parts.table([_("叫什么"), _("怎样算"), _("依据")], rows, wide=(4, 9, 7), words=(0, 1, 2)),
    )

"""The weekly digest on one sheet: what came in, what is late at whose desk, what is due next, and what came back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from linli.cases.procedures import latest
from linli.measures.actions.reading import REQUESTS, View
from linli.measures.actions.reports import parts
from linli.measures.actions.reports.parts import Cell, Document
from linli.measures.actions.reports.weeks import DESKS, HOLDERS, ORDERS, Week


def document(week: Week) -> Document:
    """The digest in the language of the moment. The first line of `about` is all that an e-mail says of it."""
    span = {"first": week.first, "last": week.end - timedelta(days=1)}
    name = _("%(first)s 至 %(last)s") % span
    return parts.document(
        title=_("%(unit)s每周简报：%(week)s") % {"unit": week.unit.label, "week": name},
        author=week.unit.label,
        about=[
            _summary(week),
            _("现在超期、快到期和督办是 %(at)s 的情况；带色的数字和编号都能点开。")
            % {"at": _moment(week, week.at)},
        ],
        tiles=list(_tiles(week)),
        sections=[*_late(week), _coming(week), _ordered(week), _back(week)],
        is_tight=True,
    )


def _summary(week: Week) -> str:
    counts = week.counts[0]
    return _(
        "上周收到 %(received)d 件，结束 %(finished)d 件。现在超期 %(late)d 件，七天内到期 %(soon)d 件，"
        "督办没回复 %(orders)d 件。"
    ) % {
        "received": counts["received"],
        "finished": counts["finished"],
        "late": week.late,
        "soon": sum(week.coming.values()),
        "orders": week.orders_open,
    }


def _moment(week: Week, at: datetime) -> str:
    return f"{timezone.localtime(at, week.unit.zone):%Y-%m-%d %H:%M}"


def _day(week: Week, at: datetime | None) -> str:
    return f"{timezone.localtime(at, week.unit.zone):%Y-%m-%d}" if at else "—"


def _cases(week: Week, **more: str) -> str:
    """The list of matters at the unit, narrowed."""
    by_hand = View.of(week.unit, week.first, week.end).axis == "holder"
    narrow = {"kind": REQUESTS, "unit" if by_hand else "place": week.unit.code, **more}
    return f"/desk/cases?{urlencode(narrow)}"


def _tiles(week: Week) -> Iterator[Document]:
    now, before = week.counts
    span = {
        "open": "all",
        "since": week.first.isoformat(),
        "until": (week.end - timedelta(days=1)).isoformat(),
    }
    kept, kept_before = (parts.share("on_time", counts) for counts in week.counts)
    yield _counted(pgettext("chart", "收到"), now["received"], before["received"], _cases(week, **span))
    yield _counted(pgettext("chart", "结束"), now["finished"], before["finished"])
    yield parts.tile(parts.label_of("on_time"), parts.cell(kept.words), f"{_('前一周')} {kept_before.words}")
    yield _counted(_("到期超期"), parts.late_of(now), parts.late_of(before))
    yield parts.tile(_("现在超期"), parts.number(week.late, _cases(week, board="late")))
    yield parts.tile(_("七天内到期"), parts.number(sum(week.coming.values()), _cases(week)))
    yield parts.tile(_("督办没回复"), parts.number(week.orders_open, _cases(week, board="supervised")))
    yield _counted(_("反映人重开"), now["reopened"], before["reopened"], _cases(week, board="reopened"))


def _counted(label: str, now: int, before: int, href: str = "") -> Document:
    return parts.tile(label, parts.number(now, href), parts.noted(_("前一周"), f"{before:,}", ""))


# What is late -----------------------------------------------------------------------------------


def _late(week: Week) -> Iterator[Document]:
    if not week.late:
        yield parts.section(_("超期"), _("没有超期的。"))
        return
    rows = [
        [
            parts.cell(_unit(week, desk.organisation_id)),
            parts.cell(_why(desk.why)),
            parts.number(desk.late, _desk(week, str(desk.organisation_id), desk.why)),
            parts.cell(_day(week, desk.since)),
        ]
        for desk in week.desks[:DESKS]
    ]
    head = [_("单位"), _("等着做什么"), _("超期"), _("最早从哪天等起")]
    table = parts.table(head, rows, wide=(5, 5, 2, 3), words=(0, 1))
    yield parts.section(_("超期的在谁手里"), table=table, note=_more(len(week.desks) - DESKS))
    rows = [
        [
            _number(case.number),
            parts.cell(week.labels[case.category].label if case.category in week.labels else case.category),
            parts.cell(case.holder.label if case.holder else "—"),
            parts.cell(_day(week, case.due_at)),
            parts.cell(f"{case.returns:,}"),
        ]
        for case in week.page.cases
    ]
    head = [_("编号"), _("反映了什么"), _("承办单位"), _("应办结"), _("退回次数")]
    table = parts.table(head, rows, wide=(4, 5, 5, 3, 2), words=(0, 1, 2))
    yield parts.section(_("超期最久的"), table=table if rows else None)


def _unit(week: Week, pk: object) -> str:
    return next((unit.label for unit in week.units.values() if unit.pk == pk), "—")


def _why(why: str) -> str:
    return str(latest(REQUESTS).whys.get(why, why))


def _desk(week: Week, desk: str, why: str) -> str:
    """The board's list of what waits there, for whoever has a board."""
    return f"/desk/board?{urlencode({'desk': desk, 'why': why})}" if week.may_see_board else ""


def _number(number: str) -> Cell:
    return parts.cell(number, f"/desk/cases/{number}")


def _more(n: int) -> str:
    return ngettext("另有 %(n)d 个没有列出。", "另有 %(n)d 个没有列出。", n) % {"n": n} if n > 0 else ""


# What comes next, and what came back ------------------------------------------------------------


def _coming(week: Week) -> Document:
    if not week.coming:
        return parts.section(_("七天内到期"), _("没有。"))
    listed = list(week.coming.items())
    rows = [
        [parts.cell(week.units[path].label if path in week.units else _("还没有派单")), parts.cell(f"{n:,}")]
        for path, n in listed[:HOLDERS]
    ]
    table = parts.table([_("在谁手里"), pgettext("chart", "件")], rows, wide=(6, 2))
    return parts.section(_("七天内到期"), table=table, note=_more(len(listed) - HOLDERS))


def _ordered(week: Week) -> Document:
    if not week.orders_open:
        return parts.section(_("督办没回复"), _("没有。"))
    rows = [
        [
            _number(task.case.number),
            parts.cell(task.organisation.label),
            parts.cell(_day(week, task.since)),
            parts.cell(_day(week, task.urgent_at)),
        ]
        for task in week.orders
    ]
    head = [_("编号"), _("谁该回复"), _("督办日期"), _("应回复")]
    table = parts.table(head, rows, wide=(4, 6, 3, 3), words=(0, 1)) if rows else None
    return parts.section(_("督办没回复"), table=table, note=_more(week.orders_open - ORDERS))


def _back(week: Week) -> Document:
    now = week.counts[0]
    said = _(
        "反映人重开 %(reopened)d 件，核查没有通过、退回重办 %(reworked)d 件，承办单位退回 %(returned)d 件。"
        "又出现的源头问题 %(problems)d 个。"
    ) % {**now, "problems": week.returned_problems}
    return parts.section(_("上周回来的"), said)

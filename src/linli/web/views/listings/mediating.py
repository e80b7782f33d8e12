"""Around mediation: the month in figures, rounds of looking for disputes, one's own sessions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from linli.documents.actions.listings import Asked, Listing, noted
from linli.documents.render.tables import Column, Kind, Rows
from linli.measures.formulas import mediations as formulas
from linli.mediation.actions import calendars
from linli.mediation.actions import screening as rounds
from linli.orgs.models import Kind as Place
from linli.people.models import Person
from linli.privacy.models import Group
from linli.web.views import screening
from linli.web.views.mediations import agenda, board


def _statistics(asked: Asked) -> Iterator[Rows]:
    if asked.post.organisation is None:
        return
    month = board.month_asked(QueryDict(asked.query).get("month", ""), asked.at)
    found = formulas.mediation_month(board.unit_counted(asked.post), month)
    head = (found.unit.label, month)
    yield [
        (*head, gettext("合计"), found.accepted, found.succeeded, "", found.amount),
        *(
            (*head, each.label, each.accepted, each.succeeded, each.share_words, None)
            for each in [*found.sources, *found.categories]
        ),
    ]


def _rounds(asked: Asked) -> Iterator[Rows]:
    unit = asked.post.organisation
    if unit is None:
        return
    month = screening.month_asked(QueryDict(asked.query).get("month", ""), asked.at)
    yield [
        line
        for row in rounds.rounds_of(unit, month)
        for line in (_round(row, month), *(_round(grid, month, row) for grid in row.grids))
    ]


def _round(row: rounds.Screened, month: date, of: rounds.Screened | None = None) -> tuple[Any, ...]:
    """A village, or a grid of one; the numbers of a village have those of its grids in them."""
    is_grid = row.place.kind == Place.GRID
    found, to_register = (row.found, row.to_register) if row.has_rounds else (None, None)
    return (
        (of or row).place.label if of or not is_grid else "",
        row.place.label if is_grid else "",
        month,
        row.is_done,
        found,
        to_register,
        row.round.note if row.round else "",
        row.round.at if row.round else None,
    )


def _sessions(asked: Asked) -> Iterator[Rows]:
    """One's own sessions of the week that is looked at."""
    person = Person.objects.get(pk=asked.post.person_id)
    monday = agenda.monday_of(QueryDict(asked.query).get("week", ""), asked.at)
    for n in range(7):
        held = calendars.day_of(person, monday + timedelta(days=n))
        noted(asked, (sitting.case_id for sitting in held), Group.TALKS)
        yield [
            (
                sitting.starts_at,
                sitting.ends_at,
                sitting.get_kind_display(),
                sitting.case.number,
                sitting.case.title,
                calendars.where(sitting),
            )
            for sitting in held
        ]


LISTINGS = (
    Listing(
        "mediation_statistics",
        _("调解统计"),
        "mediation.view",
        "web:mediation_statistics",
        (
            Column("unit", _("单位")),
            Column("month", _("月份"), Kind.DAY),
            Column("item", _("项目")),
            Column("accepted", _("受理（件）"), Kind.WHOLE),
            Column("succeeded", _("调解成功（件）"), Kind.WHOLE),
            Column("share", _("占受理")),
            Column("amount", _("协议涉及金额（元）"), Kind.NUMBER),
        ),
        _statistics,
    ),
    Listing(
        "screening",
        _("矛盾纠纷排查"),
        "mediation.screen",
        "web:screening",
        (
            Column("place", _("村（社区）")),
            Column("grid", _("网格")),
            Column("month", _("月份"), Kind.DAY),
            Column("is_done", _("已排查"), Kind.YES),
            Column("found", _("发现（起）"), Kind.WHOLE),
            Column("to_register", _("还没登记成件（起）"), Kind.WHOLE),
            Column("note", _("说明")),
            Column("recorded_at", _("登记时间"), Kind.MOMENT),
        ),
        _rounds,
    ),
    Listing(
        "sessions",
        _("我的调解日历"),
        "mediation.mediate",
        "web:mediation_calendar",
        (
            Column("starts_at", _("开始"), Kind.MOMENT),
            Column("ends_at", _("结束"), Kind.MOMENT),
            Column("kind", _("种类")),
            Column("number", _("编号")),
            Column("title", _("事由")),
            Column("where", _("地点")),
        ),
        _sessions,
    ),
)

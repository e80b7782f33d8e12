"""Disputes as the desks see them: category, state and limit alone, never what is in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from linli.documents.actions.listings import Asked, Listing, noted, walk
from linli.documents.render.tables import Column, Kind, Row, Rows
from linli.web.views.mediations import board, mine

SIZE = 200
COLUMNS = (
    Column("number", _("编号")),
    Column("file_number", _("卷号")),
    Column("title", _("事由")),
    Column("category", _("纠纷类型")),
    Column("place", _("地方")),
    Column("committee", _("承办单位")),
    Column("state", _("到哪一步")),
    Column("missing", _("还缺什么")),
    Column("urgent_at", _("最近的限期"), Kind.MOMENT),
    Column("time_left", _("离限期")),
)


def _rows(lines: Iterable[mine.Line]) -> Rows:
    return [_row(line) for line in lines]


def _row(line: mine.Line) -> Row:
    case = line.case
    return (
        case.number,
        line.file_number,
        case.title,
        line.category,
        line.where,
        case.holder.label if case.holder else "",
        line.why,
        line.next,
        case.urgent_at,
        line.due.words,
    )


def _mine(asked: Asked) -> Iterator[Rows]:
    assigned = mine.joined(mine.assigned(asked.post.person_id))
    for batch in walk(assigned, ("case_id",), size=SIZE):
        noted(asked, (matter.case_id for matter in batch))
        yield _rows(mine.with_whys(batch, asked.post, asked.at))


def _waiting(asked: Asked) -> Iterator[Rows]:
    for batch in walk(mine.desk_tasks(asked.post), ("urgent_at", "case_id", "number"), size=SIZE):
        noted(asked, (task.case_id for task in batch))
        yield _rows(mine.of_tasks(batch, asked.at))


def _board(asked: Asked) -> Iterator[Rows]:
    """All open disputes of the area, or those behind the figure that was opened."""
    chosen = {name: value for name, value in board.narrowing(QueryDict(asked.query)).items() if value}
    found = mine.joined(board.narrowed(board.on_board(asked.post), chosen, asked.at))
    for batch in walk(found, ("case_id",), size=SIZE):
        noted(asked, (matter.case_id for matter in batch))
        yield _rows(mine.line(matter, asked.at) for matter in batch)


LISTINGS = (
    Listing("mediations", _("我手上的调解"), "mediation.accept", "web:mediations", COLUMNS, _mine),
    Listing(
        "mediation_desk", _("等接收、受理的调解"), "mediation.accept", "web:mediations", COLUMNS, _waiting
    ),
    Listing("mediation_board", _("调解看板"), "mediation.view", "web:mediation_board", COLUMNS, _board),
)

"""All matters, my work, what is late, and messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from linli.cases import procedures
from linli.cases.actions import board as figures
from linli.cases.models import Case, CaseQuerySet
from linli.documents.actions.listings import Asked, Listing, noted, walk
from linli.documents.render.tables import Column, Kind, Row, Rows
from linli.kit.lists import clauses
from linli.orgs.models import Organisation
from linli.privacy.models import Group
from linli.service_requests.models import Level
from linli.web.views import board, filters, inbox, kinds, rows, shell

FIELDS = (
    "number",
    "kind",
    "title",
    "category",
    "level",
    "channel",
    "place_id",
    "address",
    "holder_id",
    "procedure_version",
    "state",
    "received_at",
    "urgent_at",
    "due_at",
    "closed_at",
    "is_open",
    "is_paused",
    "is_provisional",
    "returns",
    "reopenings",
    "reworks",
    "urgings",
    "supervisions",
)
COLUMNS = (
    Column("number", _("编号")),
    Column("kind", _("种类")),
    Column("title", _("事由")),
    Column("category", _("类别")),
    Column("level", _("紧急程度")),
    Column("channel", _("来源")),
    Column("place", _("地方")),
    Column("holder", _("承办单位")),
    Column("state", _("状态")),
    Column("received_at", _("收到时间"), Kind.MOMENT),
    Column("urgent_at", _("最近的限期"), Kind.MOMENT),
    Column("due_at", _("总限期"), Kind.MOMENT),
    Column("closed_at", _("办结时间"), Kind.MOMENT),
    Column("is_late", _("超期"), Kind.YES),
    Column("is_paused", _("限期暂停"), Kind.YES),
    Column("is_provisional", _("限期暂定"), Kind.YES),
    Column("returns", _("退回次数"), Kind.WHOLE),
    Column("reopenings", _("重开次数"), Kind.WHOLE),
    Column("reworks", _("返工次数"), Kind.WHOLE),
    Column("urgings", _("催办次数"), Kind.WHOLE),
    Column("supervisions", _("督办次数"), Kind.WHOLE),
)


class Words:
    """Codes and ids in the words of the lists, each looked up once: a long list has few different ones."""

    def __init__(self, options: filters.Options) -> None:
        units = list(Organisation.objects.select_related("parent"))
        self.places = {unit.pk: rows.place_label(unit) for unit in units}
        self.units = {unit.pk: unit.label for unit in units}
        self.kind = cache(kinds.word_of)
        self.category = cache(options.category_words)
        self.levels = {value: str(label) for value, label in Level.choices}
        self.channels = kinds.channels()
        self.state = cache(_state)

    def row(self, given: Row, at: datetime) -> Row:
        """The columns from the fields."""
        (number, kind, title, category, level, channel, place, address, holder, version, state) = given[:11]
        received_at, urgent_at, due_at, closed_at, is_open, is_paused, is_provisional = given[11:18]
        if is_open:
            is_late = not is_paused and urgent_at is not None and urgent_at <= at
        else:
            is_late = due_at is not None and closed_at >= due_at
        return (
            number,
            self.kind(kind),
            title,
            self.category(kind, category) if category else "",
            self.levels.get(level, level),
            self.channels.get(channel, channel),
            self._place(place, address),
            self.units.get(holder, "") if holder else "",
            self.state(kind, version, state),
            received_at,
            urgent_at if is_open else None,
            due_at,
            closed_at,
            is_late,
            is_paused,
            is_provisional,
            *given[18:23],
        )

    def _place(self, place: UUID | None, address: str) -> str:
        return self.places.get(place, "") if place else address


def _state(kind: str, version: int, state: str) -> str:
    return str(procedures.get(kind, version).states[state].label)


def _found(asked: Asked) -> tuple[CaseQuerySet, filters.Options]:
    wanted = filters.Filters.read(QueryDict(asked.query))
    options = filters.options_for(asked.post, wanted.place, units=True)
    return wanted.cases(Case.objects.visible_to(asked.post), options, asked.at), options


def _cases(asked: Asked) -> Iterator[Rows]:
    """By receipt, newest first, however the page is sorted."""
    found, options = _found(asked)
    words = Words(options)
    for batch in walk(found, ("-received_at", "-id"), FIELDS):
        noted(asked, (given[-1] for given in batch))
        yield [words.row(given, asked.at) for given in batch]


def _case_count(asked: Asked) -> int:
    found, _options = _found(asked)
    return found.order_by().count()


def _work(asked: Asked) -> Iterator[Rows]:
    """What waits, most urgent first; the deadline is that of the task."""
    wanted = filters.Filters.read(QueryDict(asked.query))
    options = filters.options_for(asked.post, wanted.place)
    words, whys = Words(options), kinds.whys()
    tasks = wanted.tasks(shell.waiting(asked.post), options, asked.at)
    fields = ["why", "since", *(f"case__{name}" for name in FIELDS)]
    for batch in walk(tasks, ("urgent_at", "case_id", "number"), fields):
        noted(asked, (given[-2] for given in batch))
        yield [
            (str(whys.get(why, why)), since, urgent_at, *words.row(case, asked.at))
            for why, since, *case, urgent_at, _case_id, _number in batch
        ]


def _work_count(asked: Asked) -> int:
    wanted = filters.Filters.read(QueryDict(asked.query))
    options = filters.options_for(asked.post, wanted.place)
    return wanted.tasks(shell.waiting(asked.post), options, asked.at).order_by().count()


def _late(asked: Asked) -> Iterator[Rows]:
    """The late cases of the board, oldest promise first, a page of its own code at a time."""
    narrowed = board.narrowed_to(QueryDict(asked.query))
    after = None
    while True:
        page = figures.late_page(
            actor=asked.post, kind=kinds.REQUEST, at=asked.at, narrowed=narrowed, after=after, size=500
        )
        noted(asked, (case.pk for case in page.cases))
        yield [_late_row(board.late(case, page, asked.at)) for case in page.cases]
        after = page.after
        if after is None:
            return


def _late_row(item: board.Late) -> Row:
    case = item.case
    marks = clauses(item.marks)
    return (
        case.number,
        case.title,
        item.place,
        item.desk,
        item.since,
        case.due_at,
        item.words,
        item.is_supervised,
        marks,
    )


def _inbox(asked: Asked) -> Iterator[Rows]:
    received = inbox.received(asked.post, QueryDict(asked.query).get("show", ""))
    for batch in walk(received, ("-at", "-id"), size=200):
        told = inbox.in_words(batch, asked.post)
        noted(asked, (each.message.source for each in told if each.is_open), Group.HEADLINE, Group.WORDS)
        yield [_told_row(each) for each in told]
    besides = inbox.received_memos(asked.post, QueryDict(asked.query).get("show", ""))
    for found in walk(besides, ("-at", "-id"), size=200):
        yield [_memo_row(each) for each in inbox.memos_in_words(found, asked.post)]


def _told_row(told: inbox.Told) -> Row:
    message, line = told.message, told.line
    said: tuple[Any, ...] = (line.title, (line.quote or "")[:80]) if line else ("", "")
    title = told.title if told.is_open else ""
    return (message.at, told.number, title, *said, message.read_at)


def _memo_row(told: inbox.Memoed) -> Row:
    what, title = (told.said.words, told.said.title) if told.said else ("", "")
    return (told.message.at, "", title, what, "", told.message.read_at)


LISTINGS = (
    Listing("cases", _("全部事项"), "case.view", "web:cases", COLUMNS, _cases, _case_count),
    Listing(
        "work",
        _("我的工作"),
        "work.view",
        "web:work",
        (
            Column("waits_for", _("等着做什么")),
            Column("waits_since", _("从什么时候等起"), Kind.MOMENT),
            Column("task_due_at", _("这一步的限期"), Kind.MOMENT),
            *COLUMNS,
        ),
        _work,
        _work_count,
    ),
    Listing(
        "late",
        _("超期事项"),
        "board.view",
        "web:board",
        (
            Column("number", _("编号")),
            Column("title", _("事由")),
            Column("place", _("地方")),
            Column("desk", _("在谁桌上")),
            Column("since", _("从什么时候起"), Kind.MOMENT),
            Column("due_at", _("总限期"), Kind.MOMENT),
            Column("late_by", _("超期多久")),
            Column("is_supervised", _("督办了，等回复"), Kind.YES),
            Column("marks", _("经过")),
        ),
        _late,
    ),
    Listing(
        "inbox",
        _("消息"),
        "work.view",
        "web:inbox",
        (
            Column("at", _("时间"), Kind.MOMENT),
            Column("number", _("编号")),
            Column("title", _("事由")),
            Column("what", _("什么事")),
            Column("words", _("原话")),
            Column("read_at", _("读的时间"), Kind.MOMENT),
        ),
        _inbox,
    ),
)

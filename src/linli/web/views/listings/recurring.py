"""What comes back at the same place, and what was far above its own level lately."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from linli.documents.actions.listings import Asked, Listing, walk
from linli.documents.render.tables import Column, Kind, Row, Rows
from linli.measures.actions import problems as actions
from linli.measures.actions import surges
from linli.measures.models import Problem
from linli.web.views import problems

SIZE = 50  # one statement counts the cases of so many problems


def _problems(asked: Asked) -> Iterator[Rows]:
    """Those that are not settled, the costliest first, then those that are; all of them, not ten."""
    words = problems.labels()
    for found, key in (
        (actions.unsettled(path=asked.post.path), ("-all", "id")),
        (actions.gone(path=asked.post.path), ("-id",)),
    ):
        for batch in walk(found, key, size=SIZE):
            yield _counted(batch, words)


def _counted(batch: Sequence[Problem], words: dict[str, str]) -> list[Row]:
    numbers = actions.counted(batch)
    return [
        (
            *problems.named(each, words),
            sum(numbers[each.pk]),
            each.get_state_display(),
            each.owner.label if each.owner else "",
        )
        for each in batch
    ]


def _surges(asked: Asked) -> Iterator[Rows]:
    words, today = problems.labels(), timezone.localdate(asked.at)
    yield [
        (
            notice.day,
            notice.organisation.label,
            each["label"],
            date.fromisoformat(each["day"]),
            each["count"],
            each["usual"],
        )
        for notice in surges.recent(path=asked.post.path, on=today)
        for each in problems.surged(notice, words)
    ]


LISTINGS = (
    Listing(
        "problems",
        _("源头问题"),
        "measures.view",
        "web:problems",
        (
            Column("category", _("类别")),
            Column("place", _("地方")),
            Column("cases", pgettext_lazy("column", "事项"), Kind.WHOLE),
            Column("state", _("状态")),
            Column("owner", _("谁在查")),
        ),
        _problems,
    ),
    Listing(
        "surges",
        _("最近明显多起来的"),
        "measures.view",
        "web:problems",
        (
            Column("noticed_on", _("提醒日期"), Kind.DAY),
            Column("place", _("地方")),
            Column("category", _("类别")),
            Column("day", _("哪一天"), Kind.DAY),
            Column("cases", _("当天（件）"), Kind.WHOLE),
            Column("usual", _("往常（件）"), Kind.NUMBER),
        ),
        _surges,
    ),
)

"""Messages about no single case: each sort says what stands in the inbox, and what is sent besides.

What is sent holds names of units, counts and days; what people wrote stays on the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise

from linli.notify.actions import mailings, notices
from linli.notify.models import Memo
from linli.people.access import Actor


@dataclass(frozen=True)
class Said:
    """What a memo says, and the address of the page it is about, from the first slash."""

    title: str
    words: str
    address: str


@dataclass(frozen=True)
class Sort:
    """A sort of memo: `write` makes what is sent, `seen` what an inbox shows of those whose page the post may open.

    Both give it by the memo's id, in a number of statements that does not grow with the memos.
    """

    label: Promise | str
    icon: str
    write: Callable[[Sequence[Memo]], dict[UUID, Said]]
    seen: Callable[[Sequence[Memo], Actor], dict[UUID, Said]]


# By name; apps above add theirs when they start.
sorts: dict[str, Sort] = {}


def add(name: str, sort: Sort) -> None:
    """Makes a sort known, to inboxes and to what is sent."""
    sorts[name] = sort
    mailings.sorts[name] = mailings.Sort(_letter, notices.ways)


def put(*, sort: str, subject: UUID, people: Iterable[UUID], at: datetime, number: int = 1) -> None:
    """A message each, once, and what is sent besides."""
    made = [
        Memo(sort=sort, subject=subject, number=number, person_id=person, at=at) for person in sorted(people)
    ]
    Memo.objects.bulk_create(made)
    mailings.put(subjects={each.person_id: each.pk for each in made}, why=sort, at=at)


def seen(found: Iterable[Memo], by: Actor) -> dict[UUID, Said]:
    """What the memos say whose pages the post may open."""
    memos = list(found)
    said: dict[UUID, Said] = {}
    for name, sort in sorts.items():
        mine = [each for each in memos if each.sort == name]
        if mine:
            said |= sort.seen(mine, by)
    return said


def _letter(memo_id: UUID) -> tuple[str, str, str] | None:
    """Subject, words and address of what is sent; None when what it is about is gone."""
    memo = Memo.objects.filter(pk=memo_id).first()
    said = sorts[memo.sort].write([memo]).get(memo_id) if memo is not None else None
    return (said.title, said.words, said.address) if said is not None else None

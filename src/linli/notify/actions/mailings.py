"""What is sent to staff about no case: who is to get it, on which way, and what came of it.

They go the way of notices: claimed by a conditional update, sent outside any transaction, at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from linli.notify.actions import notices, push
from linli.notify.actions.notices import Letter
from linli.notify.models import Channel, Mailing, PushAddress, Wish


@dataclass(frozen=True)
class Sort:
    """A sort of mailing: `write` makes title, words and address from the subject, or None where there is nothing.

    `ways`: on which ways somebody wants it; `foot`: what stands below the link.
    """

    write: Callable[[UUID], tuple[str, str, str] | None]
    ways: Callable[[Wish, bool], list[str]]
    foot: Promise | str = ""


# By name; apps above add theirs when they start.
sorts: dict[str, Sort] = {}


def put(*, subjects: Mapping[UUID, UUID], why: str, at: datetime) -> None:
    """Puts what is to be sent to each person about their subject, once on each way, after their quiet hours."""
    wishes = Wish.objects.in_bulk(subjects)
    reached = set(PushAddress.objects.filter(person_id__in=subjects).values_list("person_id", flat=True))
    rows = []
    for person_id, subject in subjects.items():
        wish = wishes.get(person_id) or Wish(person_id=person_id)
        due_at = notices.after_quiet(wish, at)
        for channel in sorts[why].ways(wish, person_id in reached):
            rows.append(
                Mailing(person_id=person_id, channel=channel, why=why, subject=subject, due_at=due_at)
            )
    Mailing.objects.bulk_create(rows, ignore_conflicts=True)


def claim(*, at: datetime, limit: int) -> list[Letter]:
    """Takes up to so many that are due and makes them ready to send."""
    letters = []
    for row in list(
        Mailing.objects.filter(due_at__lte=at).select_related("person").order_by("due_at")[:limit]
    ):
        until = at + notices.LEASE
        mine = Mailing.objects.filter(pk=row.pk, due_at=row.due_at)
        if not mine.update(due_at=until, attempts=F("attempts") + 1):
            continue
        letter = _letter(row, until)
        if letter is None:
            _end(row.pk, until, at, "nobody")
        else:
            letters.append(letter)
    return letters


def _letter(row: Mailing, until: datetime) -> Letter | None:
    """What is sent as things stand now; None where nobody is to get it any more."""
    wish = Wish.objects.filter(person_id=row.person_id).first() or Wish()
    sort, to = sorts.get(row.why), notices.reach(row.person, row.channel)
    if sort is None or not to or row.channel not in sort.ways(wish, True):
        return None
    with translation.override(wish.language):
        found = sort.write(row.subject)
        if found is None:
            return None
        title, words, address = found
        given = {"words": words, "link": settings.PUBLIC_URL + address}
        body = "\n\n".join(filter(None, (_("%(words)s\n\n打开看：%(link)s") % given, str(sort.foot))))
        subject = _("邻里：%(title)s") % {"title": title}
    browsers = push.browsers_of(to) if row.channel == Channel.PUSH else ()
    return Letter(row.pk, None, until, row.channel, to, subject, body, address, browsers)


def finish(*, letter: Letter, error: str, at: datetime, is_gone: bool = False) -> None:
    """Notes what came of it; what failed is tried again, later and later."""
    row = Mailing.objects.filter(pk=letter.notice_id, due_at=letter.due_at).first()
    if row is None:
        return
    if not error or is_gone:
        _end(row.pk, letter.due_at, at, error)
        return
    again = notices.next_attempt(row.attempts, at)
    Mailing.objects.filter(pk=row.pk, due_at=letter.due_at).update(due_at=again, error=error[:40])


def _end(pk: UUID, claimed: datetime, at: datetime, error: str) -> None:
    Mailing.objects.filter(pk=pk, due_at=claimed).update(due_at=None, done_at=at, error=error[:40])


def sweep(*, at: datetime) -> int:
    """Forgets them after a month, and gives up on what has been waiting for days."""
    Mailing.objects.filter(due_at__lt=at - notices.STALE).update(due_at=None, done_at=at, error="stale")
    done, _models = Mailing.objects.filter(due_at=None, done_at__lt=at - notices.KEPT).delete()
    return done

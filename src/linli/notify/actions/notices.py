"""Who is to be told by push, text message or e-mail, when, and what came of it.

A notice is claimed by a conditional update and sent outside any transaction, so it goes out at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from linli.cases.models import Case, Event
from linli.notify.actions import push
from linli.notify.models import Channel, Notice, PushAddress, ReporterWish, Wish
from linli.people.access import roles_with_permission
from linli.people.models import Grant, Person

LEASE = timedelta(minutes=2)
WAITS = (timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6))
KEPT = timedelta(days=30)
STALE = timedelta(days=2)  # news older than this is no news
OUTSIDE = "/field/"


@dataclass(frozen=True)
class Letter:
    """A notice ready to go: `to` is a number, an address or, for push, whose `browsers` it goes to.

    Without a case it is a mailing, or tells of a sign-in (`actions.signins`).
    """

    notice_id: UUID
    case_id: UUID | None
    due_at: datetime
    channel: str
    to: str
    subject: str
    body: str
    path: str
    browsers: tuple[PushAddress, ...] = ()


def put(*, event: Event, case: Case, people: Iterable[UUID], reporters: Iterable[UUID], at: datetime) -> None:
    """Puts what is to be sent beside the messages, each once: nobody is told on a way they did not choose."""
    wishes = Wish.objects.in_bulk(list(people))
    reached = set(PushAddress.objects.filter(person_id__in=people).values_list("person_id", flat=True))
    rows = []
    for person_id in people:
        wish = wishes.get(person_id) or Wish(person_id=person_id)
        for channel in ways(wish, person_id in reached):
            due_at = at if case.level == "urgent" else after_quiet(wish, at)
            rows.append(_notice(case.pk, event, person_id, channel, "work", due_at))
    for wish_ in ReporterWish.objects.filter(case_id__in=list(reporters)):
        rows.append(_notice(wish_.case_id, event, None, wish_.channel, "news", daytime(at)))
    Notice.objects.bulk_create(rows, ignore_conflicts=True)


def ways(wish: Wish, has_push: bool) -> list[str]:
    """Those somebody chose beside the inbox, as far as they can be reached on them."""
    chosen = [
        (Channel.PUSH, wish.by_push and has_push),
        (Channel.SMS, wish.by_sms),
        (Channel.EMAIL, wish.by_email),
    ]
    return [str(channel.value) for channel, is_wanted in chosen if is_wanted]


def _notice(
    case_id: UUID, event: Event, person_id: UUID | None, channel: str, why: str, due_at: datetime
) -> Notice:
    return Notice(
        case_id=case_id,
        event_number=event.number,
        person_id=person_id,
        channel=channel,
        why=why,
        due_at=due_at,
    )


def after_quiet(wish: Wish, at: datetime) -> datetime:
    """The moment itself, or the end of the quiet hours it falls into; they may pass midnight."""
    begins, ends = wish.quiet_from, wish.quiet_until
    if begins is None or ends is None or begins == ends:
        return at
    local = timezone.localtime(at)
    now = local.time()
    is_quiet = begins <= now < ends if begins < ends else now >= begins or now < ends
    if not is_quiet:
        return at
    end = local.replace(hour=ends.hour, minute=ends.minute, second=0, microsecond=0)
    return end if end > local else end + timedelta(days=1)


def daytime(at: datetime) -> datetime:
    """Residents are told between eight in the morning and nine in the evening."""
    return after_quiet(Wish(quiet_from=time(21), quiet_until=time(8)), at)


def claim(*, at: datetime, limit: int) -> list[Letter]:
    """Takes up to so many notices that are due and makes them ready to send."""
    letters = []
    due = Notice.objects.filter(due_at__lte=at).select_related("person").order_by("due_at")[:limit]
    for notice in list(due):
        until = at + LEASE
        row = Notice.objects.filter(pk=notice.pk, due_at=notice.due_at)
        if not row.update(due_at=until, attempts=F("attempts") + 1):
            continue
        letter = _letter(notice, until)
        if letter is None:
            _end(notice.case_id, notice.id, until, at, "nobody")
        else:
            letters.append(letter)
    return letters


def _letter(notice: Notice, until: datetime) -> Letter | None:
    to, language = _whereto(notice)
    if not to:
        return None
    browsers = push.browsers_of(to) if notice.channel == Channel.PUSH else ()
    path = _page(notice, until)
    with translation.override(language):
        subject, body = words(notice.why, settings.PUBLIC_URL + path, notice.case_id)
    if path == OUTSIDE and browsers:
        path = f"{OUTSIDE}#case/{notice.case_id}"  # encrypted for each browser; the rest says where to look
    return Letter(notice.id, notice.case_id, until, notice.channel, to, subject, body, path, browsers)


def _page(notice: Notice, at: datetime) -> str:
    """Where somebody looks: the phone's app where they work with one, else the inbox at the desk."""
    if notice.why != "work" or notice.person_id is None:
        return "/track/"
    names = roles_with_permission("field.use")
    posts = Grant.objects.active(at).filter(person_id=notice.person_id, role__in=names)
    return OUTSIDE if posts.exists() else "/desk/inbox"


def _whereto(notice: Notice) -> tuple[str, str]:
    """Where it goes, as it stands now, and in which language; nowhere when they no longer want it."""
    if notice.person_id is None:
        wish = ReporterWish.objects.filter(case_id=notice.case_id, channel=notice.channel).first()
        return (wish.address, wish.language) if wish else ("", settings.LANGUAGE_CODE)
    assert notice.person is not None
    known = Wish.objects.filter(person_id=notice.person_id).first() or Wish()
    return reach(notice.person, notice.channel), known.language


def reach(person: Person, channel: str) -> str:
    """A member of staff's number or address, or for push their id where they have a browser; '' where there is none."""
    if not person.is_active:
        return ""
    if channel == Channel.PUSH:
        return str(person.pk) if PushAddress.objects.filter(person_id=person.pk).exists() else ""
    return person.work_phone if channel == Channel.SMS else person.email


# An app above adds what else there is to say to a reporter, by its name: from the case and the link to the text.
more_texts: dict[str, Callable[[UUID, str], tuple[str, str]]] = {}


def words(why: str, link: str, case_id: UUID) -> tuple[str, str]:
    """Subject and text: that there is news and where to look, and nothing of whom or what it is about."""
    if why in more_texts:
        return more_texts[why](case_id, link)
    if why == "work":
        return _("邻里：有等您办的事"), _("邻里：有新的任务或消息，请打开看：%(link)s") % {"link": link}
    return _("邻里：您反映的事有新进展"), _("邻里：您反映的事有新进展。请用查询码查看：%(link)s") % {
        "link": link
    }


def finish(*, letter: Letter, error: str, at: datetime, is_gone: bool = False) -> None:
    """Notes what came of it; what failed is tried again, later and later, unless nobody is there any more."""
    case_id = letter.case_id
    assert case_id is not None
    if not error or is_gone:
        _end(case_id, letter.notice_id, letter.due_at, at, error)
        return
    with transaction.atomic():
        row = Notice.objects.filter(case_id=case_id, id=letter.notice_id, due_at=letter.due_at).first()
        if row is None:
            return
        again = next_attempt(row.attempts, at)
        Notice.objects.filter(pk=row.pk, due_at=letter.due_at).update(due_at=again, error=error[:40])


def next_attempt(attempts: int, at: datetime) -> datetime | None:
    """When it is tried again after so many attempts; None when enough is enough."""
    return at + WAITS[attempts - 1] if 0 < attempts <= len(WAITS) else None


def _end(case_id: UUID, notice_id: UUID, claimed: datetime, at: datetime, error: str) -> None:
    rows = Notice.objects.filter(case_id=case_id, id=notice_id, due_at=claimed)
    rows.update(due_at=None, done_at=at, error=error[:40])


def sweep(*, at: datetime) -> int:
    """Forgets what is done after a month, and gives up on what has been waiting for days."""
    Notice.objects.filter(due_at__lt=at - STALE).update(due_at=None, error="stale")
    done, _models = Notice.objects.filter(due_at=None, done_at__lt=at - KEPT).delete()
    return done


def tell_reporter(*, case_id: UUID, event_number: int, why: str, at: datetime) -> None:
    """Puts one more thing for the reporter of a case, on the way they chose."""
    wish = ReporterWish.objects.filter(case_id=case_id).first()
    if wish is not None:
        row = Notice(case_id=case_id, event_number=event_number, channel=wish.channel, why=why, due_at=at)
        Notice.objects.bulk_create([row], ignore_conflicts=True)


def way_of(case_id: UUID) -> str:
    """On which way the reporter of a case is told; empty where they look themselves."""
    return ReporterWish.objects.filter(case_id=case_id).values_list("channel", flat=True).first() or ""


def choose(*, case_id: UUID, channel: str, address: str, language: str) -> None:
    """How the reporter of a case is told from now on; an empty channel means not at all."""
    if channel not in (Channel.SMS, Channel.EMAIL):
        ReporterWish.objects.filter(case_id=case_id).delete()
        return
    ReporterWish.objects.update_or_create(
        case_id=case_id, defaults={"channel": channel, "address": address, "language": language}
    )

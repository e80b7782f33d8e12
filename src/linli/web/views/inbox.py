"""What the signed-in person was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.cases.actions.feed import may_read
from linli.cases.models import Case, CaseNumber, Event
from linli.cases.procedures.story import Line, story
from linli.kit import clock
from linli.notify.actions import memos
from linli.notify.actions.glass import NO_EVENT
from linli.notify.actions.memos import Said, Sort
from linli.notify.models import Memo, Message
from linli.people.access import Actor, post_of, requires
from linli.privacy.actions import reads
from linli.privacy.models import Claim, Glass, Group

from . import paging
from .shell import person_of

BY = ("person", "organisation")
Row = TypeVar("Row", Message, Memo)


@dataclass(frozen=True)
class Told:
    """A message with the event it is about, in words; the case's title, or its number where nothing more is shown."""

    message: Message
    line: Line | None
    number: str
    title: str
    glass: Glass | None = None
    claim: Claim | None = None
    is_open: bool = True


@dataclass(frozen=True)
class Memoed:
    """A message about no case; without words, the present post may not see what it is about."""

    message: Memo
    sort: Sort | None
    said: Said | None


@requires("work.view")
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Newest first; what is unread stands out. The words of an event are shown only to who may read them."""
    post = post_of(request)
    show, after = request.GET.get("show", ""), request.GET.get("after", "")
    found: list[Message | Memo] = [
        *_newest(received(post, show), after),
        *_newest(received_memos(post, show), after),
    ]
    found.sort(key=lambda row: (row.at, row.id), reverse=True)
    page, more = found[: paging.SIZE], ""
    if len(found) > paging.SIZE:
        more = str(paging.Key(page[-1].at, page[-1].id))
    told, at = in_words([row for row in page if isinstance(row, Message)], post), clock.now()
    quoted = [each.message.source for each in told if each.line is not None and each.line.quote]
    reads.note_many(shown=dict.fromkeys(quoted, (Group.WORDS,)), by=post, what="inbox", at=at)
    lines: list[Told | Memoed] = [
        *told,
        *memos_in_words([row for row in page if isinstance(row, Memo)], post),
    ]
    lines.sort(key=lambda line: (line.message.at, line.message.id), reverse=True)
    return render(request, "web/inbox.html", {"told": lines, "page": paging.Page(lines, more), "at": at})


def received(post: Actor, show: str) -> QuerySet[Message]:
    """What somebody was told of cases, all of it or what they have not read."""
    rows = Message.objects.filter(person_id=person_of(post))
    return rows.filter(read_at=None) if show == "unread" else rows


def received_memos(post: Actor, show: str) -> QuerySet[Memo]:
    """What somebody was told of what is no case, all of it or what they have not read."""
    rows = Memo.objects.filter(person_id=person_of(post))
    return rows.filter(read_at=None) if show == "unread" else rows


def _newest(rows: QuerySet[Row], after: str) -> list[Row]:
    """A page and one more, from the key on."""
    rows = paging.older(rows, paging.Key.parse(after))
    return list(rows.order_by("-at", "-id")[: paging.SIZE + 1])


def memos_in_words(found: list[Memo], post: Actor) -> list[Memoed]:
    said = memos.seen(found, post)
    return [Memoed(memo, memos.sorts.get(memo.sort), said.get(memo.pk)) for memo in found]


def in_words(found: list[Message], post: Actor) -> list[Told]:
    wanted = Q(pk__in=[])
    for message in found:
        wanted |= Q(case_id=message.source, number=message.event_number)
    events = {
        (event.case_id, event.number): event
        for event in Event.objects.filter(wanted).select_related("person", "organisation", "unit")
    }
    glasses, claims = _others(found)
    about = {message.case_id for message in found}
    seen = Case.objects.visible_to(post).in_bulk(about)
    apart = {message.case_id for message in found if message.source in {*glasses, *claims}} - set(seen)
    named = {**seen, **(Case.objects.in_bulk(apart) if apart else {})}
    numbers = _numbers(about - set(named))
    told = []
    for message in found:
        event, glass = events.get((message.source, message.event_number)), glasses.get(message.source)
        case, claim = named.get(message.case_id), claims.get(message.source)
        is_open = message.case_id in seen or glass is not None or claim is not None
        readable = is_open and case is not None and event is not None and may_read(event, post)
        line = story(event, case.procedure, "staff") if readable and case and event else None
        number = case.number if case else numbers[message.case_id]
        told.append(Told(message, line, number, case.title if case else number, glass, claim, is_open))
    return told


def _numbers(cases: set[UUID]) -> dict[UUID, str]:
    if not cases:
        return {}
    return dict(CaseNumber.objects.filter(case_id__in=cases).values_list("case_id", "number"))


def _others(found: list[Message]) -> tuple[dict[UUID, Glass], dict[UUID, Claim]]:
    """What messages tell that is no event of a case; asked for only where there are such."""
    sources = [message.source for message in found if message.event_number == NO_EVENT]
    if not sources:
        return {}, {}
    glasses = Glass.objects.filter(id__in=sources).select_related(*BY)
    claims = Claim.objects.filter(id__in=sources)
    return {each.id: each for each in glasses}, {each.id: each for each in claims}


@requires("work.view")
@require_safe
def message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Opens what a message is about, and marks every message about it as read."""
    post = post_of(request)
    memo = Memo.objects.filter(id=message_id, person_id=person_of(post)).first()
    if memo is not None:
        return _memo(request, memo, post)
    found = get_object_or_404(Message, id=message_id, person_id=person_of(post))
    _read(Message, post, case_id=found.case_id)
    if found.event_number == NO_EVENT and Claim.objects.filter(id=found.source).exists():
        return redirect("web:claim", found.source)
    number = _numbers({found.case_id})[found.case_id]
    if not Case.objects.visible_to(post).filter(pk=found.case_id).exists():
        messages.info(
            request,
            _("%(number)s 现在这个岗位看不到：换一个岗位再看，或者它已经转到别处。") % {"number": number},
        )
        return redirect("web:inbox")
    return redirect("web:case", number)


@requires("work.view")
@require_POST
def reading(request: HttpRequest) -> HttpResponse:
    """Marks everything as read."""
    for of in (Message, Memo):
        _read(of, post_of(request))
    messages.success(request, _("都标成已读了。"))
    return redirect("web:inbox")


def _memo(request: HttpRequest, found: Memo, post: Actor) -> HttpResponse:
    _read(Memo, post, sort=found.sort, subject=found.subject)
    said = memos.seen([found], post).get(found.pk)
    if said is not None:
        return redirect(said.address)
    messages.info(request, _("这件事现在这个岗位看不到：换一个岗位再看。"))
    return redirect("web:inbox")


def _read(of: type[Message | Memo], post: Actor, **which: Any) -> None:
    rows = of._default_manager.filter(person_id=person_of(post), read_at=None, **which)
    rows.update(read_at=clock.now())

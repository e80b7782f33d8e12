"""From the feed to a webhook's address: what it is to get, what is due, and what came of it.

A delivery is claimed by a conditional update and sent outside any transaction, so it goes out at least once; receivers
know a repeated one by its id. A target that fails is left alone for longer and longer, then asked one thing at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from linli.cases.actions import feed
from linli.kit import jsonbytes
from linli.ledger import actions as ledger
from linli.notify.actions import signing
from linli.notify.models import Webhook, WebhookDelivery
from linli.people.access import Actor, posts_of

LEASE = timedelta(minutes=1)  # longer than any attempt
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(hours=6)
MOST_ATTEMPTS = 12  # with these waits, a little more than a day
LONGEST_REST = timedelta(minutes=30)
PLACES = 4  # letters under way to one target
READ_AT_A_TIME = 200
MOST_WAITING = 5_000  # deliveries of one webhook; what is beyond them waits in the feed
KEPT = timedelta(days=30)
HIDDEN = "hidden"
DISPUTES = ("mediation", "mediation_labour", "mediation_medical")
PAGES = {"service_request": "requests", **dict.fromkeys(DISPUTES, "disputes")}


@dataclass(frozen=True)
class Letter:
    """A message ready to go. `due_at` is the claim on it: it holds as long as the row says the same."""

    delivery_id: UUID
    webhook_id: UUID
    due_at: datetime
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: the status of the answer, if there was one, and one word if it does not count."""

    status: int | None
    error: str = ""


def actor_of(webhook: Webhook, at: datetime) -> Actor | None:
    """The post through whose eyes it learns; None when nobody holds that post any more."""
    person = webhook.grant.person
    if not person.is_active:
        return None
    return next((post for post in posts_of(person, at) if post.grant_id == webhook.grant_id), None)


def active() -> list[Webhook]:
    found = Webhook.objects.filter(is_active=True).select_related("grant__person", "grant__organisation")
    return list(found.order_by("made_at"))


def fan_out(*, at: datetime, limit: int = READ_AT_A_TIME) -> int:
    """Reads on in the feed for every webhook; returns how many places were read. Without its post it reads nothing."""
    head = ledger.head()
    return sum(_read_on(webhook, at, limit) for webhook in active() if webhook.position < head)


def _read_on(webhook: Webhook, at: datetime, limit: int) -> int:
    actor = actor_of(webhook, at)
    is_full = webhook.deliveries.filter(due_at__isnull=False)[MOST_WAITING : MOST_WAITING + 1].exists()
    if actor is None or is_full:
        return 0
    page = feed.read(after=webhook.position, by=actor, limit=limit)
    rows = [
        WebhookDelivery(webhook=webhook, position=entry.position, made_at=at, due_at=at)
        for entry in page.entries
        if wants(webhook, entry)
    ]
    with transaction.atomic():
        unmoved = Webhook.objects.filter(pk=webhook.pk, position=webhook.position)
        if not unmoved.update(position=page.cursor):
            return 0  # another worker was here, or somebody had it read again
        WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    return page.cursor - webhook.position


def wants(webhook: Webhook, entry: feed.Entry) -> bool:
    """Whether it asked for this kind of case and of event; an empty list asks for all."""
    is_kind = not webhook.kinds or entry.case.kind in webhook.kinds
    return is_kind and (not webhook.events or entry.event.kind in webhook.events)


def claim(*, at: datetime, limit: int, under_way: Mapping[UUID, int]) -> list[Letter]:
    """Takes up to so many deliveries that are due, by turns of their webhooks, and makes them ready to send.

    `under_way` says how many letters to each webhook the caller has out: to a target that failed last time, one.
    """
    letters: list[Letter] = []
    for webhook in active():
        places = (1 if webhook.failures else PLACES) - under_way.get(webhook.pk, 0)
        room = min(places, limit - len(letters))
        if room > 0 and (webhook.rest_until is None or webhook.rest_until <= at):
            letters += _letters(webhook, at, room)
    return letters


def _letters(webhook: Webhook, at: datetime, room: int) -> list[Letter]:
    due = list(webhook.deliveries.filter(due_at__lte=at).order_by("due_at", "id")[:room])
    actor = actor_of(webhook, at) if due else None
    if actor is None:
        return []
    positions = [delivery.position for delivery in due if delivery.position is not None]
    entries = {entry.position: entry for entry in feed.at_positions(positions, by=actor)}
    letters = []
    for delivery in due:
        entry = entries.get(delivery.position) if delivery.position is not None else None
        until = at + LEASE
        if not WebhookDelivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at).update(due_at=until):
            continue  # another worker has it
        if delivery.position is not None and entry is None:
            _end(delivery.pk, until, done_at=at, error=HIDDEN)
            continue
        body = jsonbytes.canonical(payload(entry) if entry else trial(webhook, delivery))
        headers = signing.headers(webhook, delivery.message_id, body, at)
        letters.append(Letter(delivery.pk, webhook.pk, until, webhook.url, headers, body))
    return letters


def payload(entry: feed.Entry) -> dict[str, Any]:
    """What a receiver is told of an event: ids, kinds and a moment. Nothing anybody wrote, nobody's name."""
    case, event = entry.case, entry.event
    page = PAGES.get(case.kind)
    origin = settings.CSRF_TRUSTED_ORIGINS[0] if settings.CSRF_TRUSTED_ORIGINS else ""
    return {
        "type": event.kind,
        "timestamp": stamp(event.received_at),
        "data": {
            "position": entry.position,
            "event": event.number,
            "case": case.number,
            "case_id": str(case.pk),
            "kind": case.kind,
            "state": event.state,
            "url": f"{origin}/api/v1/{page}/{case.number}" if page else None,
        },
    }


def trial(webhook: Webhook, delivery: WebhookDelivery) -> dict[str, Any]:
    """What a receiver is told to see whether it listens."""
    return {"type": "ping", "timestamp": stamp(delivery.made_at), "data": {"webhook": str(webhook.pk)}}


def stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def finish(*, letter: Letter, outcome: Outcome, at: datetime) -> None:
    """Notes what came of an attempt, unless the claim has run out and somebody else has it now."""
    if not outcome.error:
        _end(letter.delivery_id, letter.due_at, done_at=at, status=outcome.status)
        Webhook.objects.filter(pk=letter.webhook_id).exclude(failures=0).update(failures=0, rest_until=None)
        return
    delivery = WebhookDelivery.objects.filter(pk=letter.delivery_id, due_at=letter.due_at).first()
    webhook = Webhook.objects.filter(pk=letter.webhook_id).first()
    if delivery is None or webhook is None:
        return
    made = delivery.attempts + 1
    fate = {"dead_at": at} if made >= MOST_ATTEMPTS else {"due_at": at + wait(delivery.pk, made)}
    _end(delivery.pk, letter.due_at, status=outcome.status, error=outcome.error, **fate)
    rest = at + min(wait(webhook.pk, webhook.failures + 1), LONGEST_REST)
    Webhook.objects.filter(pk=webhook.pk).update(failures=F("failures") + 1, rest_until=rest)


def _end(delivery_id: UUID, claim: datetime, **found: Any) -> None:
    """Writes the end of an attempt over its claim."""
    row = WebhookDelivery.objects.filter(pk=delivery_id, due_at=claim)
    row.update(**{"due_at": None, "error": "", "attempts": F("attempts") + 1, **found})


def wait(key: UUID, attempts: int) -> timedelta:
    """How long to wait after so many failures: longer each time, and never the same for any two, so nothing throngs."""
    plain = min(FIRST_WAIT * int(3 ** min(attempts - 1, 20)), LONGEST_WAIT)
    digest = blake2b(key.bytes + attempts.to_bytes(4), digest_size=2).digest()
    return plain * (0.8 + 0.4 * int.from_bytes(digest) / 0xFFFF)


def sweep(*, at: datetime, limit: int = 5_000) -> int:
    """Forgets what was delivered a month ago; the dead stay until somebody has seen to them."""
    old = WebhookDelivery.objects.filter(done_at__lt=at - KEPT).order_by("done_at").values("pk")[:limit]
    return WebhookDelivery.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]

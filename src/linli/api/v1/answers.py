"""The same write sent again: the same answer, byte for byte, and one effect.

The id of the command follows from API key and idempotency key, so that a write whose answer was lost in a crash has
no second effect either. Answers are kept for a day; after that a write sent again still changes nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _

from linli.api.models import Answer
from linli.kit import codes
from linli.kit.ids import derived
from linli.people.models import Key
from linli.service_requests.actions import tracking_code

from .problems import Problem

KEPT = timedelta(hours=24)
CODE = "\u2063tracking code\u2063"  # stands where the code stood: a code is stored nowhere
HEADERS = ("Content-Type", "Content-Language", "ETag", "Location", "Retry-After")
NOT_KEPT = frozenset({401, 429})


def command_of(key: Key, idempotency_key: str) -> UUID:
    """The one command this key gives under that idempotency key."""
    return derived(key.pk, f"api/{idempotency_key}")


def fingerprint(*parts: str | bytes) -> bytes:
    """What was sent, so that other content under a used key is refused."""
    sums = [hashlib.sha256(part.encode() if isinstance(part, str) else part).digest() for part in parts]
    return hashlib.sha256(b"".join(sums)).digest()


def once(
    *, key: Key, idempotency_key: str, sent: bytes, at: datetime, do: Callable[[], HttpResponse]
) -> HttpResponse:
    """The answer to this write: the one it was given before, else that of `do`, which is then kept."""
    digest = codes.keyed("api-answer", key.pk.bytes + idempotency_key.encode())
    mine = Answer.objects.filter(pk=digest)
    Answer.objects.bulk_create([Answer(digest=digest, sent=sent, at=at)], ignore_conflicts=True)
    known = mine.get()
    if bytes(known.sent) != sent:
        raise Problem("reused", _("这个 Idempotency-Key 已经用在别的请求上，内容不一样，没有办理。"))
    command = command_of(key, idempotency_key)
    if known.status is not None:
        return _again(known, command)
    response = do()
    if response.status_code < 500 and response.status_code not in NOT_KEPT:
        kept = mine.filter(status=None).update(
            status=response.status_code,
            headers={name: response[name] for name in HEADERS if name in response},
            body=response.content.decode().replace(_code(command), CODE),
        )
        if not kept:  # the same write, sent at the same moment, was answered first
            return _again(mine.get(), command)
    return response


def sweep(*, at: datetime) -> int:
    """Forgets answers older than a day; how many."""
    swept, _by_model = Answer.objects.filter(at__lt=at - KEPT).delete()
    return swept


def _again(known: Answer, command: UUID) -> HttpResponse:
    body = known.body.replace(CODE, _code(command))
    response = HttpResponse(body, status=known.status or 200)
    for name, value in known.headers.items():
        response[name] = value
    return response


def _code(command: UUID) -> str:
    return codes.pretty(tracking_code(command))

"""What both doors share: who is asking, a key with its post or anybody, whether too often; and a fault of our own."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.utils.translation import gettext as _

from linli.people.access import Actor
from linli.people.actions import keys, rates
from linli.people.models import Grant, Key
from linli.portal.views.client import address_of

ANYBODY_PER_MINUTE = 120
BURST_SECONDS = 20  # how much of a minute's share may be asked at once

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """A program at the door. `actor` is the post of its key; None without a key or with one that has no post."""

    key: Key | None
    actor: Actor | None

    def may(self, scope: str) -> bool:
        return self.key is not None and scope in self.key.scopes


class UnknownKey(Exception):
    """A key was given that opens nothing: unknown, ended, or of a post that is no longer held."""


def caller_of(secret: str, at: datetime) -> Caller:
    """Who holds that key; nobody in particular without one. Raises UnknownKey."""
    if not secret:
        return Caller(None, None)
    key = keys.known(secret=secret, at=at)
    if key is None:
        raise UnknownKey
    return Caller(key, _with_all_posts(keys.actor_of(key=key), at, f"key:{key.prefix}"))


def _with_all_posts(actor: Actor | None, at: datetime, source: str) -> Actor | None:
    """What concerns any unit its holder works for stays hidden from a key, as it does on the desk."""
    if actor is None:
        return None
    held = Grant.objects.filter(person=actor.person_id).active(at)
    posted_at = frozenset(held.values_list("organisation__path", flat=True))
    return replace(actor, posted_at=posted_at, source=source)


def wait_for(request: HttpRequest, caller: Caller, at: datetime) -> timedelta | None:
    """How long this caller has to wait; None when it may go on. Counts this request."""
    if caller.key is not None:
        name, per_minute = f"key/{caller.key.pk}", caller.key.per_minute
    else:
        name, per_minute = f"anybody/{rates.network(address_of(request))}", ANYBODY_PER_MINUTE
    burst = max(1, per_minute * BURST_SECONDS // 60)
    return rates.take(name=name, per_minute=per_minute, burst=burst, at=at)


def noted_fault(request: HttpRequest, error: Exception) -> str:
    """Writes a fault of our own down for us; returns what is told of it, which is nothing of what it was."""
    logger.error("A request of a program failed", exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return _("我们已经记下，会去查。什么都没有改变，可以再试一次。")

"""Where somebody is signed in: shown to them alone, and ended by them or with their account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.dateparse import parse_datetime

from linli.kit import codes
from linli.people.models import Person, Session
from linli.people.sessions import SessionStore, stored

BROWSER, SINCE = "browser", "since"
# An app above adds what is to be done when somebody signs in with a browser they have not used before.
new_browser: list[Callable[[Person, str, datetime], None]] = []


@dataclass(frozen=True)
class SignIn:
    """One browser somebody is signed in with. `id` names it on a page without leading to its key."""

    id: str
    browser: str
    since: datetime | None
    seen_at: datetime | None
    is_this: bool


def sign_ins_of(*, person_id: UUID, this: str, at: datetime) -> list[SignIn]:
    """The browsers somebody is signed in with, the present one (its session key is `this`) first."""
    rows = Session.objects.filter(person_id=person_id, expire_date__gt=at)
    found = [_sign_in(row, this) for row in rows]
    return sorted(found, key=lambda each: (not each.is_this, -(each.seen_at or at).timestamp()))


def end(*, person_id: UUID, sign_in: str, at: datetime) -> bool:
    """Ends one of somebody's own sign-ins, from the next request on; False where there is none of that name."""
    for row in Session.objects.filter(person_id=person_id, expire_date__gt=at):
        if _name(row) == sign_in:
            row.delete()
            return True
    return False


def end_all(*, person_id: UUID, but: str = "") -> int:
    """Ends every sign-in of somebody, but for the session with that key."""
    return Session.objects.filter(person_id=person_id).exclude(pk=stored(but)).delete()[0]


def tell_others(*, person_id: UUID, this: str, browser: str) -> None:
    """Every other browser of the person says at its next page that one more has signed in."""
    others = Session.objects.filter(person_id=person_id).exclude(pk=stored(this))
    others.update(news=(browser or "?")[:80])


def heard(*, this: str) -> None:
    """The browser has been told."""
    Session.objects.filter(pk=stored(this)).update(news="")


def sweep(*, at: datetime) -> int:
    """Deletes what has expired."""
    return Session.objects.filter(expire_date__lt=at).delete()[0]


def _sign_in(row: Session, this: str) -> SignIn:
    kept = SessionStore().decode(row.session_data)
    since = parse_datetime(str(kept.get(SINCE, "")))
    return SignIn(_name(row), str(kept.get(BROWSER, "")), since, row.seen_at, row.pk == stored(this))


def _name(row: Session) -> str:
    return codes.keyed("sign-in", row.pk.encode()).hex()[:16]

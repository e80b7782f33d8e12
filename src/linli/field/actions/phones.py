"""A phone is enrolled for one post, opened by a PIN with ten guesses, and given up."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, NotAllowed
from linli.field.models import GUESSES, Phone
from linli.kit import codes, text
from linli.notify.actions import push
from linli.people.access import Actor
from linli.people.actions import sessions

PHONES_EACH = 3  # that may act at a time; an older one gives way
TOKEN_BYTES = 32


@dataclass(frozen=True)
class Enrolled:
    """A phone just taken in: its token is told this once."""

    phone: Phone
    token: str
    share: bytes


@dataclass(frozen=True)
class Opened:
    """What came of a PIN: the server's share of the key, or how many guesses are left."""

    share: bytes | None
    guesses_left: int


def enrol(*, phone_id: UUID, name: str, verifier: bytes, by: Actor, at: datetime) -> Enrolled:
    """Takes a phone in for this post. `verifier` is made from the PIN on the phone and proves it later."""
    if by.grant_id is None or not by.may("field.use"):
        raise NotAllowed(_("您现在的岗位不用手机外勤。"))
    if len(verifier) != 32 or Phone.objects.filter(pk=phone_id).exists():
        raise BadData({"phone": _("这部手机没有登记成，请再试一次。")})
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        older = Phone.objects.of(person_of(by)).filter(revoked_at=None).order_by("-enrolled_at")
        for phone in older[PHONES_EACH - 1 :]:
            _give_up(phone, at)
        phone = Phone.objects.create(
            id=phone_id,
            grant_id=by.grant_id,
            name=" ".join(text.clean(name).split())[:80],
            token_digest=_digest(token),
            pin_digest=codes.keyed("field-pin", phone_id.bytes + verifier),
            nonce=secrets.token_bytes(16),
            enrolled_at=at,
        )
    return Enrolled(phone, token, _share(phone))


def person_of(by: Actor) -> UUID:
    """The account of a member of staff."""
    assert by.person_id is not None
    return by.person_id


def phone_of(phone_id: UUID, token: str) -> Phone | None:
    """The phone that shows its token; it may have been revoked since."""
    phone = Phone.objects.filter(pk=phone_id).select_related("grant__person", "grant__organisation").first()
    if phone is None or not hmac.compare_digest(bytes(phone.token_digest), _digest(token)):
        return None
    return phone


def open_with(*, phone: Phone, verifier: bytes, at: datetime) -> Opened:
    """Gives out the share for the right PIN. The tenth wrong guess in a row destroys it for good."""
    with transaction.atomic():
        locked = (
            Phone.objects.select_for_update(of=("self",)).select_related("grant__person").get(pk=phone.pk)
        )
        if not locked.may_act(at) or not locked.guesses_left:
            return Opened(None, 0)
        given = codes.keyed("field-pin", locked.pk.bytes + verifier)
        if hmac.compare_digest(bytes(locked.pin_digest), given):
            Phone.objects.filter(pk=locked.pk).update(guesses_left=GUESSES)
            return Opened(_share(locked), GUESSES)
        left = locked.guesses_left - 1
        nonce = bytes(locked.nonce) if left else b""
        Phone.objects.filter(pk=locked.pk).update(guesses_left=left, nonce=nonce)
        return Opened(None, left)


def revoke(*, phone: Phone, at: datetime) -> None:
    """The phone may do nothing more. What it has not sent yet is taken in for a person to look at."""
    with transaction.atomic():
        _give_up(phone, at)


def give_up_lost(*, phone: Phone, at: datetime) -> None:
    """Revokes a phone in strange hands. It may still be signed in and would enrol anew: every sign-in ends, too."""
    with transaction.atomic():
        _give_up(phone, at)
        sessions.end_all(person_id=phone.grant.person_id)
        push.forget(person_id=phone.grant.person_id)


def _give_up(phone: Phone, at: datetime) -> None:
    Phone.objects.filter(pk=phone.pk, revoked_at=None).update(revoked_at=at, nonce=b"", guesses_left=0)


def _share(phone: Phone) -> bytes:
    return codes.keyed("field-share", phone.pk.bytes + bytes(phone.nonce))


def _digest(token: str) -> bytes:
    return codes.keyed("field-token", token.encode())

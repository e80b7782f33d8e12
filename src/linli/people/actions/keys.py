"""API keys: given once in clear, kept as a keyed hash, ended with the post they act under."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from linli.kit import codes, text
from linli.people.access import Actor
from linli.people.actions.accounts import NameMissing, NothingChanged, PeopleError
from linli.people.actions.history import note_change
from linli.people.models import Grant, Key, KeyQuerySet

SECRET_LENGTH = 32  # 160 bits
SCOPES = ("read", "write", "open311")
OF_A_POST = frozenset({"read", "write"})
RATES = (1, 6_000)  # requests a minute
_FORM = re.compile(r"linli_[0-9A-HJKMNP-TV-Z]{32}")


class KeyRefused(PeopleError):
    """A key that cannot be given: `field` is what to correct."""


def issue(
    *,
    name: str,
    scopes: list[str],
    by: Actor,
    at: datetime,
    grant: Grant | None = None,
    per_minute: int = 60,
    expires_at: datetime | None = None,
) -> tuple[Key, str]:
    """A new key and its secret, which is shown this once. Raises KeyRefused and NameMissing.

    With a grant, which must be the one `by` acts under, the key acts as that post and ends with it. Without one it
    may only take requests in (scope open311), for a client such as a hotline; who administers keys gives those.
    """
    name = " ".join(text.clean(name).split())
    if not name:
        raise NameMissing(_("请填写名称。"))
    _check(scopes, grant, by)
    _check_limits(per_minute, expires_at, at)
    secret = f"linli_{codes.new_code(SECRET_LENGTH)}"
    key = Key(
        name=name[:80],
        prefix=secret[:10],
        digest=digest_of(secret),
        grant=grant,
        scopes=sorted(set(scopes)),
        per_minute=per_minute,
        made_by_id=by.person_id,
        made_at=at,
        expires_at=expires_at,
    )
    with transaction.atomic():
        key.save(force_insert=True)
        after = {"scopes": key.scopes, "grant": str(grant.pk) if grant else None, "per_minute": per_minute}
        note_change(by=by, at=at, what="issue_key", target=("key", key.pk, key.name), after=after)
    return key, secret


def revoke(*, key: Key, by: Actor, at: datetime) -> Key:
    """Ends a key from the next request on. Raises NothingChanged when it has ended already."""
    with transaction.atomic():
        if not Key.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at):
            raise NothingChanged(_("这个密钥已经停用。"))
        note_change(by=by, at=at, what="revoke_key", target=("key", key.pk, key.name))
    key.revoked_at = at
    return key


def known(*, secret: str, at: datetime) -> Key | None:
    """The key with that secret, while it stands and its post is held; asked of the database every time."""
    if not _FORM.fullmatch(secret):
        return None
    return Key.objects.standing(at).filter(digest=digest_of(secret)).first()


def actor_of(*, key: Key) -> Actor | None:
    """The post a key acts under; None for a key without one."""
    return Actor.from_grant(key.grant) if key.grant is not None else None


def keys_of(by: Actor) -> KeyQuerySet:
    """The keys somebody may see and end: all for who administers keys, one's own posts' otherwise."""
    every = Key.objects.select_related("grant__organisation", "grant__person", "made_by").order_by("-made_at")
    if by.may("manage.keys"):
        return every
    return every.filter(grant_id=by.grant_id) if by.grant_id else every.none()


def digest_of(secret: str) -> bytes:
    """What is stored of a secret: a keyed hash."""
    return codes.keyed("api-key", secret.encode())


def _check(scopes: list[str], grant: Grant | None, by: Actor) -> None:
    if not scopes or set(scopes) - set(SCOPES):
        raise KeyRefused(_("请选这个密钥能做什么。"), "scopes")
    if grant is None and set(scopes) & OF_A_POST:
        raise KeyRefused(_("要查看或办理，密钥必须属于一个岗位。"), "grant")
    if grant is None and not by.may("manage.keys"):
        raise KeyRefused(_("只能为自己现在的岗位发密钥。"), "grant")
    if grant is not None and grant.pk != by.grant_id:
        raise KeyRefused(_("密钥只能由本人为自己现在的岗位发。"), "grant")


def _check_limits(per_minute: int, expires_at: datetime | None, at: datetime) -> None:
    if not RATES[0] <= per_minute <= RATES[1]:
        said = _("每分钟次数应在 %(least)d 到 %(most)d 之间。") % {"least": RATES[0], "most": RATES[1]}
        raise KeyRefused(said, "per_minute")
    if expires_at is not None and expires_at <= at:
        raise KeyRefused(_("到期时间要晚于现在。"), "expires_at")

"""What a phone sends, whole or in parts, in any order, any number of times: each command takes effect once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, CommandError
from linli.documents import actions as documents
from linli.documents.render import PhotoRefused
from linli.field import wire
from linli.field.actions import parcels
from linli.field.actions.applying import Doing, Outcome, carry_out
from linli.field.models import Held, Parcel, Phone, Sent, State
from linli.field.wire.commands import UPCASTERS, parsed
from linli.people.access import Actor, posts_of

MOST = 50  # commands in one request
OURS = frozenset({"busy", "unavailable", "not_stored"})  # refusals of photos that pass


@dataclass(frozen=True)
class Envelope:
    """A sealed command as it arrived."""

    id: UUID
    version: int
    sealed: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.version.to_bytes(4) + self.sealed).digest()


@dataclass(frozen=True)
class Result:
    """What a phone is told of one command. Only `received`, `conflict`, `refused` and `held` are for good."""

    id: UUID
    state: str
    answer: Mapping[str, Any]


@dataclass
class Batch:
    """Commands that one phone sent together: what is the same for all of them is asked once.

    `sent` holds what had been answered before they came, and is good for one look at each.
    """

    phone: Phone
    at: datetime
    sent: dict[UUID, Sent | None]

    @cached_property
    def by(self) -> Actor:
        return actor_of(self.phone, self.at)


def receive(*, phone: Phone, envelopes: Iterable[Envelope], at: datetime) -> list[Result]:
    """Takes commands in, each on its own: one that is wrong holds up no other."""
    given = list(envelopes)
    ids = [envelope.id for envelope in given]
    before = Sent.objects.in_bulk(ids)
    batch = Batch(phone, at, {each: before.get(each) for each in ids})
    return [_take(batch, envelope) for envelope in given]


def _take(batch: Batch, envelope: Envelope) -> Result:
    known = _known(batch, envelope)
    if known is not None:
        return known
    try:
        return _taken(batch, envelope)
    except IntegrityError:
        known = _known(batch, envelope)  # the same command came at the same moment
        if known is None:
            raise
        return known


def _taken(batch: Batch, envelope: Envelope) -> Result:
    """What becomes of a command nobody has answered yet."""
    try:
        content = _opened(envelope)
    except wire.Damaged:
        return _refused(envelope, "damaged", _("这一条路上损坏了，会再发一次。"))
    except wire.Malformed:
        return _settle(batch, envelope, {}, _refusal("malformed", _("这一条看不懂，可能是应用太旧。")))
    if envelope.version > wire.CURRENT:
        return Result(envelope.id, "later", {"why": _("服务器比手机旧，过后再发。")})
    try:
        command = wire.read(envelope.id, content)
    except wire.Malformed:
        return _settle(batch, envelope, content, _refusal("malformed", _("这一条看不懂，可能是应用太旧。")))
    if missing := _missing(batch.phone, command):
        return Result(envelope.id, "waiting", {"for": missing})
    if not batch.phone.may_act(batch.at):
        held = Outcome(State.HELD, {"received_at": batch.at.isoformat()}, is_kept=True)
        return _settle(batch, envelope, content, held)
    return _apply(batch, envelope, content, command)


def _known(batch: Batch, envelope: Envelope) -> Result | None:
    """The first answer to what was sent before; anything else under its id is refused and tells nothing."""
    if envelope.id in batch.sent:
        sent = batch.sent.pop(envelope.id)
    else:
        sent = Sent.objects.filter(pk=envelope.id).first()
    if sent is None:
        return None
    if sent.device_id != batch.phone.pk or bytes(sent.digest) != envelope.digest:
        return _refused(envelope, "reused", _("这个操作编号已经用过，内容不一样，没有重复办理。"))
    return Result(envelope.id, sent.state, sent.answer)


def _opened(envelope: Envelope) -> dict[str, Any]:
    content = parsed(wire.unseal(envelope.sealed, envelope.id))
    if envelope.version > wire.CURRENT:
        return content
    if envelope.version not in UPCASTERS and envelope.version != wire.CURRENT:
        raise wire.Malformed
    return wire.upcast(content, envelope.version)


def _missing(phone: Phone, command: wire.Command) -> list[str]:
    """What has to be here first: commands it follows, and its photos whole."""
    there = (
        set(Sent.objects.filter(pk__in=command.after).values_list("pk", flat=True))
        if command.after
        else set()
    )
    whole = set()
    if command.photos:
        done = Parcel.objects.filter(pk__in=command.photos, device=phone, done_at__isnull=False)
        whole = set(done.values_list("pk", flat=True))
    return [str(each) for each in (*command.after, *command.photos) if each not in there | whole]


def _apply(batch: Batch, envelope: Envelope, content: dict[str, Any], command: wire.Command) -> Result:
    try:
        doing = Doing(command, batch.by, batch.at, stage(command, batch.at))
        with transaction.atomic():
            return _settle(batch, envelope, content, carry_out(doing))
    except CommandError as error:
        return _settle(batch, envelope, content, refusal_of(error))
    except PhotoRefused as error:  # ours to put right: no room, or too busy
        return Result(envelope.id, "later", {"why": error.message})


def stage(command: wire.Command, at: datetime) -> tuple[str, ...]:
    """The photos of a command, opened and taken in. PhotoRefused names the one that is none."""
    staged = []
    for place, photo in enumerate(command.photos, start=1):
        parcel = Parcel.objects.get(pk=photo)
        try:
            data = parcels.content(parcel)
        except (wire.Damaged, OSError):
            raise BadData({"photos": _("第 %(n)d 张照片打不开，请重拍。") % {"n": place}}) from None
        try:
            upload = documents.stage(data=data, name=f"{photo}.jpg", at=at)
        except PhotoRefused as error:
            if error.code in OURS:
                raise
            said = _("第 %(n)d 张照片没有收下：%(why)s") % {"n": place, "why": error.message}
            raise BadData({"photos": said}) from None
        Parcel.objects.filter(pk=photo).update(photo_sha256=hashlib.sha256(data).hexdigest())
        staged.append(str(upload.pk))
    return tuple(staged)


def actor_of(phone: Phone, at: datetime) -> Actor:
    """The post the phone was enrolled for, with the person's other posts, so that accusations stay hidden from it."""
    posts = posts_of(phone.grant.person, at)
    return next((post for post in posts if post.grant_id == phone.grant_id), Actor.from_grant(phone.grant))


def refusal_of(error: CommandError) -> Outcome:
    errors = error.errors if isinstance(error, BadData) else {}
    return _refusal("refused", str(error), errors)


def _refusal(code: str, why: str, errors: Mapping[str, str] | None = None) -> Outcome:
    return Outcome(State.REFUSED, {"code": code, "why": why, "errors": dict(errors or {})}, is_kept=True)


def _settle(batch: Batch, envelope: Envelope, content: dict[str, Any], outcome: Outcome) -> Result:
    """Writes down what was answered, in the transaction of the effect itself."""
    phone = batch.phone
    with transaction.atomic():
        sent = Sent(
            id=envelope.id,
            device=phone,
            digest=envelope.digest,
            state=outcome.state,
            answer=outcome.answer,
            content=content if outcome.is_kept else {},
            claimed_at=str(content.get("made_at", ""))[:40],
            received_at=batch.at,
        )
        sent.save(force_insert=True)
        if outcome.state == State.HELD:
            why = "revoked" if phone.revoked_at else "post"
            Held.objects.create(sent=sent, path=phone.grant.organisation.path, why=why, since=batch.at)
    return Result(envelope.id, outcome.state, outcome.answer)


def _refused(envelope: Envelope, code: str, why: str) -> Result:
    """A refusal that is not kept: what was sent under this id before stands."""
    return Result(envelope.id, State.REFUSED, {"code": code, "why": why, "errors": {}})

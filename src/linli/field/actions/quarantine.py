"""What came from a phone that may no longer act: a person reads it and releases or discards it. Nothing is lost."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, CaseNotFound, NotAllowed
from linli.documents.render import PhotoRefused
from linli.field import wire
from linli.field.actions.applying import Doing, Outcome, carry_out
from linli.field.actions.phones import person_of
from linli.field.actions.syncing import actor_of, stage
from linli.field.models import Held, Sent, State
from linli.kit import text
from linli.people.access import Actor

SHORTEST = 5


def held_for(post: Actor) -> list[Held]:
    """What waits for a decision below the post's unit, oldest first. Nobody decides on their own."""
    rows = Held.objects.within_reach(post).waiting().exclude(sent__device__grant__person_id=person_of(post))
    joined = rows.select_related("sent__device__grant__person", "sent__device__grant__organisation")
    return list(joined.order_by("since")[:200])


def release(*, held_id: UUID, by: Actor, at: datetime) -> Outcome:
    """Carries it out under the post it was sent from, received now. Raises CommandError and leaves it where it is."""
    with transaction.atomic():
        held = _locked(held_id, by)
        command = _command(held)
        try:
            photos = stage(command, at)
        except PhotoRefused as error:
            raise BadData({"photos": error.message}) from error
        outcome = carry_out(Doing(command, actor_of(held.sent.device, at), at, photos))
        _decide(held, by, at, is_released=True)
        sent = held.sent
        sent.state, sent.answer = outcome.state, outcome.answer
        sent.content = sent.content if outcome.is_kept else {}
        sent.save(update_fields=["state", "answer", "content"])
        return outcome


def discard(*, held_id: UUID, reason: str, by: Actor, at: datetime) -> Held:
    """Leaves it undone, with a reason. Its content stays readable to those who could have released it."""
    words = text.clean(reason)
    if len(words) < SHORTEST:
        raise BadData({"reason": _("请写明理由，至少%(n)d个字。") % {"n": SHORTEST}})
    with transaction.atomic():
        held = _locked(held_id, by)
        held.reason = words[:500]
        _decide(held, by, at, is_released=False)
        answer = {"code": "discarded", "why": held.reason, "errors": {}}
        Sent.objects.filter(pk=held.sent_id).update(state=State.REFUSED, answer=answer)
        return held


def _command(held: Held) -> wire.Command:
    """What was sent; BadData while the server has not the key to it."""
    content = held.sent.content
    if not isinstance(content, dict):
        raise BadData({"content": _("内容暂时读不出，请管理员看一下密钥。")})
    return wire.read(held.sent_id, content)


def _locked(held_id: UUID, by: Actor) -> Held:
    if not by.may("field.release"):
        raise NotAllowed(_("您现在的岗位不处理这些。"))
    rows = Held.objects.within_reach(by).waiting().filter(pk=held_id).select_for_update(of=("self",))
    joined = "sent__device__grant__person", "sent__device__grant__organisation"
    held = rows.select_related(*joined).first()
    if held is None or held.sent.device.grant.person_id == by.person_id:
        raise CaseNotFound
    return held


def _decide(held: Held, by: Actor, at: datetime, *, is_released: bool) -> None:
    held.decided_at, held.decided_by_id, held.is_released = at, by.person_id, is_released
    held.save(update_fields=["decided_at", "decided_by", "is_released", "reason"])

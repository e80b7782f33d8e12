"""How a step of a mediation is made: through the one door, with the words that belong to it kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.actions import BadData
from linli.cases.models import Event
from linli.kit.text import clean
from linli.mediation.models import Remark
from linli.people.access import Actor

LONGEST = 2000


def known(case: UUID, command_id: UUID, *verbs: str) -> Event | None:
    """The event a command already made, where it is one of these moves: sent again, it changes nothing."""
    return Event.objects.filter(case_id=case, command_id=command_id, verb__in=verbs).first()


def step(
    verb: str,
    *,
    case: UUID,
    by: Actor,
    at: datetime,
    command_id: UUID,
    version: int | None = None,
    data: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    remark: str = "",
) -> Event:
    """One move of the procedure; a remark is content and stands beside the event, never in it."""
    words = clean(remark)
    if len(words) > LONGEST:
        raise BadData({"remark": _("最多%(n)d个字，现在是%(have)d个。") % {"n": LONGEST, "have": len(words)}})
    with transaction.atomic():
        event = cases.advance(
            case=case, verb=verb, by=by, at=at, command_id=command_id, version=version, data=data, facts=facts
        )
        is_new = event.received_at == at
        if words and is_new and not Remark.objects.filter(case_id=case, event_number=event.number).exists():
            Remark.objects.create(case_id=case, event_number=event.number, text=words)
    return event

"""A worker files for a resident without a phone: the resident gets a code of their own, printed or by text message."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.field.actions.phones import person_of
from linli.field.models import Sent, State
from linli.field.wire import Command
from linli.kit import codes
from linli.notify.actions import notices
from linli.people.access import Actor
from linli.service_requests import actions as service_requests

RECEIPT = "receipt"
PRINTED_WITHIN = timedelta(days=3)


def tell(command: Command, phone: str, at: datetime) -> None:
    """Has the receipt sent where the resident asked for it on the screen."""
    if command.data.get("channel") == "sms" and phone:
        notices.choose(case_id=command.id, channel="sms", address=phone, language=get_language() or "zh-hans")
        notices.tell_reporter(case_id=command.id, event_number=1, why=RECEIPT, at=at)


def receipt_text(case_id: UUID, link: str) -> tuple[str, str]:
    """The text message with the code: it names no person and nothing of what was reported."""
    code = codes.pretty(service_requests.tracking_code(case_id))
    said = _("邻里：网格员替您上报的事已收到。查询码 %(code)s，在这里看进度：%(link)s")
    return _("邻里：查询码"), said % {"code": code, "link": link}


def may_print(*, command_id: UUID, by: Actor, at: datetime) -> bool:
    """Whether the resident's paper can still be given."""
    return any(_is_due(sent) for sent in _filed(command_id, by, at))


def to_print(*, command_id: UUID, by: Actor, at: datetime) -> tuple[Case, str] | None:
    """The case and its code for the paper the resident gets: once, for whoever filed it, within three days."""
    sent = _filed(command_id, by, at).select_for_update(of=("self",)).first()
    if sent is None or not _is_due(sent):
        return None
    sent.answer = {**sent.answer, "printed": True}
    sent.save(update_fields=["answer"])
    case = Case.objects.select_related("place__parent").get(pk=command_id)
    return case, codes.pretty(service_requests.tracking_code(case.pk))


def _filed(command_id: UUID, by: Actor, at: datetime) -> QuerySet[Sent]:
    return Sent.objects.filter(
        pk=command_id,
        device__grant__person_id=person_of(by),
        state=State.RECEIVED,
        received_at__gt=at - PRINTED_WITHIN,
    )


def _is_due(sent: Sent) -> bool:
    return bool(sent.answer.get("told")) and not sent.answer.get("printed")

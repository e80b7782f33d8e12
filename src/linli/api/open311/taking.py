"""Takes a request in from another system, through the same door as every other channel."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from linli.cases.actions import BadData, CommandReused
from linli.cases.models import Event
from linli.documents import actions as documents
from linli.documents.render import PhotoRefused
from linli.kit import codes, text
from linli.kit.ids import derived, uuid7
from linli.people import scope
from linli.portal import actions as portal
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Channel, RequestType

from . import places, tokens
from .asking import unknown_service
from .catalogue import known
from .door import Content, Visit
from .faults import Fault, Refused
from .records import notice

# The parameter to correct, by the field of a submission.
PARAMETERS = {
    "text": "description",
    "category": "service_code",
    "address": "address_string",
    "contact_name": "first_name, last_name",
    "contact_phone": "phone",
    "photos": "media",
    "place": "lat, long",
}
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,48})\](\[\])?")
_IDEMPOTENCY = re.compile(r"[\x21-\x7e]{1,200}")
MOST_ATTRIBUTES = 100


def take(visit: Visit) -> Content:
    """POST requests: 200 with the id of the new request, or every fault. Nothing is kept of one that is refused."""
    command_id = _command_id(visit)
    scope.admit(command_id)
    submission = _submission(visit)
    for _attempt in range(2):
        photos = _photos(visit, command_id)
        given = {**vars(submission), "photos": photos}
        try:
            receipt = portal.take_in(
                submission=service_requests.Submission(**given), command_id=command_id, at=visit.at
            )
        except BadData as error:
            raise Refused(*_faults(error.errors)) from error
        except CommandReused as error:
            if photos and photos != _photos_before(command_id):
                continue  # the same request got in at the same moment, with its own copies of the photos
            raise Refused(Fault(400, _("这个 Idempotency-Key 已经用在内容不同的请求上。"))) from error
        return Content("service_requests", [_answer(visit, receipt)])
    raise Refused(Fault(400, _("这个 Idempotency-Key 已经用在内容不同的请求上。")))


def _answer(visit: Visit, receipt: service_requests.Receipt) -> dict[str, Any]:
    case = receipt.case
    answer = {
        "service_request_id": case.number,
        "service_notice": notice(case, case.received_at),
        "account_id": None,
    }
    if visit.is_extended:
        token = tokens.token_of(case.pk)
        answer |= {"token": token, "tracking_code": codes.pretty(receipt.code)}
    return answer


def _command_id(visit: Visit) -> UUID:
    """A new id; with an Idempotency-Key always the same one for the same API key and endpoint."""
    given = visit.request.headers.get("Idempotency-Key", "").strip()
    if not given:
        return uuid7()
    if not _IDEMPOTENCY.fullmatch(given):
        raise Refused(Fault(400, _("Idempotency-Key 应是 1 到 200 个可见的 ASCII 字符。")))
    assert visit.caller.key is not None
    return derived(visit.caller.key.pk, f"open311/{'test' if visit.is_test else 'production'}/{given}")


def _submission(visit: Visit) -> service_requests.Submission:
    """What was sent, checked; raises Refused with every fault at once."""
    given, faults = visit.given, list[Fault]()
    code = given.get("service_code", "").strip()
    is_unknown = bool(code) and code not in known()
    if is_unknown:
        faults.append(unknown_service(code))
    where = places.find(visit, faults)
    description = given.get("description", "")
    submission = service_requests.Submission(
        text=description,
        title=_("测试：%(title)s") % {"title": _title(description)} if visit.is_test else "",
        category="" if is_unknown else code,
        request_type=RequestType.HELP,
        channel=Channel.OPEN311_TEST if visit.is_test else Channel.OPEN311,
        place=where.place,
        address=given.get("address_string", ""),
        lon=where.lon,
        lat=where.lat,
        contact_name=_name(given.get("first_name", ""), given.get("last_name", "")),
        contact_phone=given.get("phone", ""),
        may_publish=_may_publish(visit, faults),
        is_demo=visit.is_test or bool(where.place and where.place.is_demo),
        answers=_answers(visit, faults),
        via=visit.caller.key.name if visit.caller.key else "",
    )
    errors = _problems(submission)
    for name, is_said in (("category", is_unknown), ("place", where.place is None)):
        if is_said:
            errors.pop(name, None)
    if faults or errors:
        raise Refused(*faults, *_faults(errors))
    return submission


def _problems(submission: service_requests.Submission) -> dict[str, str]:
    try:
        service_requests.check(submission)
    except BadData as error:
        return dict(error.errors)
    return {}


def _faults(errors: dict[str, str]) -> list[Fault]:
    return [Fault(400, f"{_parameter(name)}: {said}") for name, said in errors.items()]


def _parameter(field: str) -> str:
    if field.startswith("answers."):
        return f"attribute[{field.removeprefix('answers.')}]"
    return PARAMETERS.get(field, field)


def _title(description: str) -> str:
    return text.title_from(text.clean(description), 30)


def _name(first: str, last: str) -> str:
    """As it is written where the person lives: 李秀英, Maria Li."""
    first, last = text.clean(first), text.clean(last)
    return f"{first} {last}".strip() if (first + last).isascii() else last + first


def _may_publish(visit: Visit, faults: list[Fault]) -> bool:
    said = visit.given.get("is_public", "").strip().lower()
    if said not in ("", "true", "false"):
        faults.append(Fault(400, _("is_public 只能是 true 或 false。")))
    return said == "true"


def _answers(visit: Visit, faults: list[Fault]) -> dict[str, str | list[str]]:
    """attribute[code]=value and attribute[code][]=value, by code."""
    answers: dict[str, str | list[str]] = {}
    names = [name for name in visit.given if name.startswith("attribute")]
    if len(names) > MOST_ATTRIBUTES:
        faults.append(Fault(400, _("最多 %(most)s 个 attribute。") % {"most": MOST_ATTRIBUTES}))
        return {}
    for name in names:
        match = _ATTRIBUTE.fullmatch(name)
        if match is None:
            faults.append(Fault(400, _("attribute 应写成 attribute[code] 或 attribute[code][]。")))
            continue
        before = answers.get(match[1], [])
        answers[match[1]] = [*before, *visit.given.getlist(name)]
    return answers


def _photos(visit: Visit, command_id: UUID) -> list[str]:
    """Files of the field `media`, kept; those of the first time where the same request is sent again."""
    files = visit.request.FILES.getlist("media")
    if not files:
        return []
    if len(files) > documents.MAX_PHOTOS:
        raise Refused(Fault(400, f"media: {documents.TooManyPhotos()}"))
    before = _photos_before(command_id)
    if len(before) == len(files):
        return before
    photos = []
    for file in files:
        try:
            file.seek(0)
            photos.append(str(documents.stage(data=file.read(), name=file.name or "", at=visit.at).id))
        except PhotoRefused as error:
            raise Refused(Fault(400, f"media: {error.message}")) from error
    return photos


def _photos_before(command_id: UUID) -> list[str]:
    data = Event.objects.filter(case_id=command_id, number=1).values_list("data", flat=True).first() or {}
    return list(data.get("photos", []))

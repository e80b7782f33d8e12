"""Taking a request in, on every channel the same way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from linli.cases.actions import BadData, CommandReused, Opening, open_case
from linli.cases.models import Case, Event, TrackingCode
from linli.kit import codes, text
from linli.kit.sealing import Unread
from linli.orgs.models import Kind, Organisation
from linli.people import scope
from linli.people.access import Actor
from linli.privacy.actions import consents
from linli.privacy.models import Consent, Matter
from linli.service_requests.actions import questions
from linli.service_requests.actions.publishing import masked
from linli.service_requests.actions.questions import Answers
from linli.service_requests.actions.routing import Routing, category_known, route
from linli.service_requests.models import Category, Channel, Request, RequestType

OFFICES = (Kind.DEPARTMENT, Kind.CENTRE, Kind.COMMITTEE)
ANSWERING = (Channel.OPEN311.value, Channel.OPEN311_TEST.value)  # where what must be answered has been asked
LONGEST = 2000
SHORTEST = 5


@dataclass(frozen=True)
class Submission:
    """A request as it was given: `place` is a grid, village, township or county.

    `answers` are those to the questions of its category; `via` names the program that passed it on.
    """

    text: str
    category: str
    request_type: str
    channel: str
    place: Organisation | None
    title: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    contact_name: str = ""
    contact_phone: str = ""
    is_identity_kept: bool = False
    accused: Organisation | None = None
    photos: list[str] = field(default_factory=list)
    may_publish: bool = False
    is_demo: bool = False
    answers: Answers = field(default_factory=dict)
    via: str = ""


@dataclass(frozen=True)
class Receipt:
    """What was received, and the secret code under which it can be followed."""

    case: Case
    event: Event
    code: str
    routing: Routing | None
    is_new: bool


def submit(
    *, submission: Submission, by: Actor, at: datetime, command_id: UUID, claimed_at: datetime | None = None
) -> Receipt:
    """Takes a request in: case, detail, tracking code and first event, all or nothing.

    Raises BadData naming every wrong field. A repeated command returns the receipt of the first.
    """
    given, category = check(submission)
    assert given.place is not None
    accused_path = given.accused.path if given.accused else ""
    code = tracking_code(command_id)
    routing = route(
        category=category,
        request_type=given.request_type,
        channel=given.channel,
        place=given.place,
        accused_path=accused_path,
    )
    detail = Request(
        case_id=command_id,
        request_type=given.request_type,
        text=given.text,
        contact_name=given.contact_name,
        contact_phone=given.contact_phone,
        reporter_id=by.person_id if by.role == "resident" else None,
        accused=given.accused,
        may_publish=given.may_publish,
    )
    case, event, is_new = open_case(
        opening=opening_of(given, category, accused_path),
        by=by,
        at=at,
        command_id=command_id,
        data=_said(given, category),
        facts=routing.facts,
        claimed_at=claimed_at,
        more=[
            detail,
            TrackingCode(digest=digest_of(code), case_id=command_id),
            *_agreed(given, command_id, by, at),
        ],
    )
    if not is_new:
        _check_contact(case, given)
    return Receipt(case, event, code, routing if is_new else None, is_new)


def _agreed(given: Submission, case_id: UUID, by: Actor, at: datetime) -> list[Consent]:
    """The consent to publication, where it was given, to the words of the present notice."""
    if not given.may_publish:
        return []
    agreed = consents.consent(
        case_id=case_id,
        matter=Matter.PUBLICATION,
        is_given=True,
        channel=given.channel,
        at=at,
        noted_by=by.person_id,
    )
    return [agreed]


def _said(given: Submission, category: Category) -> dict[str, Any]:
    """What the first event keeps of the reporter's own account."""
    assert given.place is not None
    data = {
        "text": given.text,
        "type": given.request_type,
        "category": category.code,
        "place": str(given.place.pk),
        "address": given.address,
        "photos": given.photos,
        "answers": given.answers,
        "via": given.via,
    }
    return {name: value for name, value in data.items() if value}


def _check_contact(case: Case, given: Submission) -> None:
    """A retry says the same about whom to call, too, or it is another command under a used id."""
    known = Request.objects.only("contact_name", "contact_phone").filter(pk=case.pk).first()
    told = (given.contact_name, given.contact_phone)
    said = (known.contact_name, known.contact_phone) if known is not None else None
    if said is not None and any(isinstance(each, Unread) for each in said):
        return  # the keys are away; everything else is the same, as the first event says
    if said != told:
        raise CommandReused


def check(submission: Submission) -> tuple[Submission, Category]:
    """The submission cleaned, with its category; raises BadData naming every wrong field."""
    given = Submission(
        **{
            **vars(submission),
            "text": text.clean(submission.text).strip(),
            "title": " ".join(text.clean(submission.title).split()),
            "address": " ".join(text.clean(submission.address).split()),
            "contact_name": " ".join(text.clean(submission.contact_name).split()),
            "contact_phone": submission.contact_phone.strip(),
            "via": " ".join(text.clean(submission.via).split())[:80],
        }
    )
    category = category_known(given.category)
    errors = _errors(given, category)
    if category is not None and (given.answers or given.channel in ANSWERING):
        kept, unfit = questions.checked(category.code, given.answers, is_complete=given.channel in ANSWERING)
        given, errors = replace(given, answers=kept), errors | unfit
    if errors or category is None:
        raise BadData(errors)
    return given, category


def _errors(given: Submission, category: Category | None) -> dict[str, str]:
    errors = {}
    if category is None or category.parent_id is None:
        errors["category"] = _("请从名单里选一类。")
    if given.request_type not in RequestType.values:
        errors["request_type"] = _("请选咨询、求助、投诉、举报或建议。")
    if given.channel not in Channel.values:
        errors["channel"] = _("没有这种来源。")
    return errors | _text_errors(given) | _place_errors(given) | _accusation_errors(given)


def _text_errors(given: Submission) -> dict[str, str]:
    errors = {}
    if len(given.text) < SHORTEST:
        errors["text"] = _("请写几句，至少%(n)d个字，我们才知道是什么事。") % {"n": SHORTEST}
    elif len(given.text) > LONGEST:
        errors["text"] = _("最多%(n)d个字，现在是%(have)d个。请先写要紧的，其余办理中可以补充。") % {
            "n": LONGEST,
            "have": len(given.text),
        }
    for name, most in (("title", 60), ("address", 200), ("contact_name", 50)):
        if len(getattr(given, name)) > most:
            errors[name] = _("最多%(n)d个字。") % {"n": most}
    if given.contact_phone and not text.is_phone(given.contact_phone):
        errors["contact_phone"] = _("这个电话号码看起来不对，请只写数字，例如 0712-0000-000。")
    return errors


def _place_errors(given: Submission) -> dict[str, str]:
    """A request lies in a standing area, not in an office; a point, where there is one, is on the globe."""
    place = given.place
    if place is None or place.valid_until is not None or place.kind in OFFICES:
        return {"place": _("请告诉我们在哪里：在图上点、用现在的位置，或从名单里选乡镇和村。")}
    if (given.lon is None) != (given.lat is None):
        return {"place": _("经度和纬度要一起给。")}
    if (
        given.lon is not None
        and given.lat is not None
        and not (abs(given.lon) <= 180 and abs(given.lat) <= 90)
    ):
        return {"place": _("这个点不在地球上，请在图上重新点。")}
    return {}


def _accusation_errors(given: Submission) -> dict[str, str]:
    """An accusation names the unit it must never reach; there must be somebody above it to take it in."""
    if given.request_type != RequestType.ACCUSATION and given.accused is None:
        return {}
    if given.accused is None or given.accused.valid_until is not None:
        return {"accused": _("请选被举报的单位，我们才能保证不转给它。不清楚就选它的上级。")}
    if given.accused.parent_id is None:
        return {"accused": _("对全县的举报，这里没有人能避开它来办，请向上一级纪检监察机关反映（12388）。")}
    return {}


def opening_of(given: Submission, category: Category, accused_path: str) -> Opening:
    """What the kernel opens for a submission that was checked."""
    assert given.place is not None
    return Opening(
        kind="service_request",
        title=given.title or text.title_from(given.text),
        channel=given.channel,
        place=given.place,
        category=category.code,
        level="normal" if category.level == "normal" else "urgent",
        address=given.address,
        lon=given.lon,
        lat=given.lat,
        accused_path=accused_path,
        is_identity_kept=given.is_identity_kept or bool(accused_path),
        is_demo=given.is_demo,
        shown=_shown(given),
        limits={"total": category.limit, "unit": category.unit_limit},
    )


def _shown(given: Submission) -> str:
    """What everybody may find it by."""
    if given.is_identity_kept or given.accused or not given.may_publish:
        return ""
    told = Request(contact_name=given.contact_name, contact_phone=given.contact_phone)
    title = given.title or text.title_from(given.text)
    return "\n".join(masked(part, told) for part in (title, given.text, given.address))


def tracking_code(command_id: UUID) -> str:
    """13 Crockford characters (65 bits) that only the server's key can make from the command."""
    return codes.code_from_bytes(codes.keyed("tracking", command_id.bytes))


def digest_of(code: str) -> bytes:
    """The keyed hash under which a code is looked up; the code itself is stored nowhere."""
    return codes.keyed("tracking-lookup", codes.normalise(code).encode())


def find_by_code(code: str) -> Case | None:
    """The case of a tracking code, however it was typed; None for a wrong one."""
    found = TrackingCode.objects.filter(digest=digest_of(code)).select_related("case__place", "case__holder")
    with scope.everything():  # the code is what opens the case
        row = found.first()
    return row.case if row else None

"""A dispute comes in: from a party, from the committee's own notice, or entrusted by a court, police or government."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.actions import BadData
from linli.cases.models import Case, Event
from linli.kit import jsonbytes
from linli.kit.ids import derived
from linli.kit.sealing import vault
from linli.kit.text import clean
from linli.mediation.actions import parties as people
from linli.mediation.actions.parties import (
    MOST_PARTIES,
    PartyDetails,
    add_companion,
    add_party,
    correct_party,
    find_party,
    party_code,
    renew_code,
    see_identity,
)
from linli.mediation.models import (
    Assent,
    Category,
    Committee,
    Entruster,
    How,
    Matter,
    Mediation,
    Paper,
    PaperKind,
    ScreeningRound,
    Side,
    Source,
)
from linli.mediation.rules import readers, texts
from linli.orgs.models import Kind, Organisation
from linli.people.access import SYSTEM, Actor

WORD = "纠纷"  # zh: the neutral title of a case, as the statistics say it
OFFICES = (Kind.DEPARTMENT, Kind.CENTRE, Kind.COMMITTEE)
CHANNELS = frozenset("portal window phone visit hotline grid referral import desk".split())


@dataclass(frozen=True)
class Application:
    """A dispute as it was told. `is_willing`: those who apply said that they want it mediated."""

    subject: str
    brief: str
    requests: list[str]
    category: str
    source: str
    place: Organisation | None
    parties: list[PartyDetails]
    channel: str
    entrusted_by: str = ""
    entrusted_name: str = ""
    committee: Committee | None = None
    screening: ScreeningRound | None = None
    is_willing: bool = True
    is_demo: bool = False
    photos: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Registered:
    case: Case
    event: Event
    is_new: bool


def register(*, application: Application, by: Actor, at: datetime, command_id: UUID) -> Registered:
    """Opens the case with its parties, their codes and the first paper; routes it to a committee where one is named.

    Raises BadData naming every wrong field. A repeated command finds the case it opened.
    """
    given = check_application(application, timezone.localtime(at).date())
    category = Category.objects.get(pk=given.category)
    assert given.place is not None
    opening = cases.Opening(
        kind=category.procedure,
        title=_title(category, given.place),
        channel=given.channel,
        place=given.place,
        category=category.code,
        is_identity_kept=True,
        is_demo=given.is_demo,
    )
    with (
        vault.at_hand(),
        transaction.atomic(),
    ):  # what is written now is read in the same breath, keys or no keys
        vault.make(command_id, [readers.unit(given.committee.pk)] if given.committee else [])
        case, event, is_new = cases.open_case(
            opening=opening,
            by=by,
            at=at,
            command_id=command_id,
            data={"source": given.source, "fingerprint": _fingerprint(given)},
            more=_rows(given, command_id, at, by),
        )
        if is_new and given.committee is not None:
            _route(case, given.committee, at, command_id)
    return Registered(case, event, is_new)


def _title(category: Category, place: Organisation) -> str:
    name = category.name_zh
    is_whole = name.endswith(("纠纷", "争议"))  # zh: as lists of disputes name them
    return f"{name if is_whole else name + WORD} · {place.name}"


def _fingerprint(given: Application) -> str:
    """What was told, so that a repeated command with other words is refused; the words stand elsewhere."""
    told = {
        "subject": given.subject,
        "brief": given.brief,
        "requests": given.requests,
        "parties": [
            {**asdict(replace(party, person=None)), "born_on": str(party.born_on)} for party in given.parties
        ],
    }
    return hashlib.sha256(jsonbytes.canonical(told)).hexdigest()


def _rows(given: Application, case_id: UUID, at: datetime, by: Actor) -> list[Any]:
    matter = Mediation(
        case_id=case_id,
        category_id=given.category,
        source=given.source,
        entrusted_by=given.entrusted_by,
        entrusted_name=given.entrusted_name,
        subject=given.subject,
        brief=given.brief,
        requests=given.requests,
        screening=given.screening,
    )
    rows: list[Any] = [matter, _first_paper(given, matter, at, by)]
    for number, details in enumerate(given.parties, start=1):
        rows += [people.row(case_id, number, details), people.code_row(case_id, number)]
        if given.is_willing and details.side == Side.APPLICANT and given.source == Source.APPLIED:
            rows.append(_willing(case_id, number, by, at))
    return rows


def _willing(case_id: UUID, number: int, by: Actor, at: datetime) -> Assent:
    how = How.CODE if by.kind == "reporter" else How.SPOKEN
    return Assent(
        case_id=case_id,
        party=number,
        matter=Matter.WILLING,
        answer=True,
        how=how,
        noted_by_id=by.person_id,
        at=at,
    )


def _first_paper(given: Application, matter: Mediation, at: datetime, by: Actor) -> Paper:
    """The application of whoever applied, or the register where the committee began or was entrusted."""
    day = timezone.localtime(at).date().isoformat()
    content: dict[str, Any] = {"brief": given.brief, "date": day, "photos": []}
    if given.source == Source.APPLIED:
        kind = PaperKind.APPLICATION
        content["requests"] = given.requests
    else:
        kind = PaperKind.REGISTER
        category = Category.objects.get(pk=given.category)
        words = {"category": category.name_zh, "source": texts.in_chinese(Source(given.source).label)}
        content |= {**words, "entrusted_by": given.entrusted_name, "registrar": by.name}
    text = texts.text_of(kind, content, matter)
    paper_id = derived(matter.case_id, "first paper")
    return Paper(
        case_id=matter.case_id,
        id=paper_id,
        lineage=paper_id,
        version=1,
        kind=kind,
        party=1 if kind == PaperKind.APPLICATION else None,
        content=content,
        text=text,
        sha256=texts.fingerprint(text),
        author_id=by.person_id,
        at=at,
    )


def _route(case: Case, committee: Committee, at: datetime, command_id: UUID) -> None:
    cases.advance(
        case=case.pk,
        verb="route",
        by=SYSTEM,
        at=at,
        command_id=derived(command_id, "route"),
        data={"unit": str(committee.pk)},
    )


# What can be wrong ------------------------------------------------------------------------------


def check_application(application: Application, on: date | None = None) -> Application:
    """The application cleaned; raises BadData naming every wrong field, parties as `parties.0.name`."""
    given = replace(
        application,
        subject=_line(application.subject),
        brief=clean(application.brief),
        requests=[line for each in application.requests if (line := _line(each))],
        entrusted_name=_line(application.entrusted_name),
        parties=[people.cleaned(party) for party in application.parties],
    )
    errors = _errors(given) | _source_errors(given) | _party_errors(given, on)
    if errors:
        raise BadData(errors)
    return given


def _line(words: str) -> str:
    return " ".join(clean(words).split())


def _errors(given: Application) -> dict[str, str]:
    errors = {}
    if not 2 <= len(given.subject) <= 80:
        errors["subject"] = _("请给这件纠纷起个名字，2 到 80 个字，例如“王某、李某宅基地纠纷”。")
    if not 5 <= len(given.brief) <= 4000:
        errors["brief"] = _("请写写是怎么回事，5 到 4000 个字。")
    if len(given.requests) > 20 or any(len(each) > 200 for each in given.requests):
        errors["requests"] = _("要求最多 20 项，每项最多 200 个字。")
    elif not given.requests and given.source == Source.APPLIED:
        errors["requests"] = _("请写明希望对方做什么，至少一项。")
    if not Category.objects.filter(pk=given.category, is_active=True).exists():
        errors["category"] = _("请选一类纠纷。")
    place = given.place
    if place is None or place.valid_until is not None or place.kind in OFFICES:
        errors["place"] = _("请选纠纷发生的乡镇和村（社区）。")
    return errors


def _source_errors(given: Application) -> dict[str, str]:
    errors = {}
    if given.source not in Source.values:
        errors["source"] = _("请选案件来源。")
    if given.channel not in CHANNELS:
        errors["channel"] = _("没有这种登记方式。")
    if given.source == Source.ENTRUSTED:
        if given.entrusted_by not in Entruster.values:
            errors["entrusted_by"] = _("请选是法院、公安还是政府部门委托的。")
        if not 2 <= len(given.entrusted_name) <= 80:
            errors["entrusted_name"] = _("请写委托单位的名称，2 到 80 个字。")
    elif given.entrusted_by or given.entrusted_name:
        errors["entrusted_by"] = _("只有委托移送的才填委托单位。")
    return errors


def _party_errors(given: Application, on: date | None) -> dict[str, str]:
    errors: dict[str, str] = {}
    if len(given.parties) > MOST_PARTIES:
        errors["parties"] = _("当事人最多 %(n)d 个；人多的请推选代表。") % {"n": MOST_PARTIES}
    elif {party.side for party in given.parties} != set(Side.values):
        errors["parties"] = _("申请方和对方都至少要有一个。")
    for place, party in enumerate(given.parties):
        errors |= {f"parties.{place}.{name}": said for name, said in people.problems(party, on).items()}
    return errors


__all__ = [
    "Application",
    "PartyDetails",
    "Registered",
    "add_companion",
    "add_party",
    "check_application",
    "correct_party",
    "find_party",
    "party_code",
    "register",
    "renew_code",
    "see_identity",
]

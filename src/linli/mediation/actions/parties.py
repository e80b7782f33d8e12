"""The parties of a dispute, who comes with them, and the secret codes under which they follow it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, CaseNotFound, OutOfOrder
from linli.cases.models import Case
from linli.kit import codes
from linli.kit.text import clean, is_phone
from linli.mediation.actions.mediating import step_aside
from linli.mediation.actions.reading import held
from linli.mediation.models import Companion, CompanionRole, Mediation, Party, PartyCode, Sex, Side
from linli.people import scope
from linli.people.access import Actor
from linli.people.models import Person

MOST_REPRESENTATIVES = 5  # 医疗纠纷预防和处理条例 30; 各地人民调解条例
MOST_PARTIES = 20
LENGTHS = {"name": 50, "ethnicity": 20, "occupation": 40, "address": 120, "phone": 32}
FIRST_BIRTH = date(1880, 1, 1)


@dataclass(frozen=True)
class PartyDetails:
    """A party as told. `person` is set where the party is a member of staff with an account."""

    name: str
    side: str = Side.APPLICANT.value
    is_body: bool = False
    sex: str = ""
    ethnicity: str = ""
    born_on: date | None = None
    occupation: str = ""
    address: str = ""
    phone: str = ""
    person: Person | None = None


def cleaned(details: PartyDetails) -> PartyDetails:
    lines: dict[str, Any] = {name: " ".join(clean(getattr(details, name)).split()) for name in LENGTHS}
    return replace(details, **lines)


def problems(details: PartyDetails, on: date | None = None) -> dict[str, str]:
    """What is wrong with the details of one party on that day, by field."""
    errors = {}
    for name, most in LENGTHS.items():
        if len(getattr(details, name)) > most:
            errors[name] = _("最多%(n)d个字。") % {"n": most}
    if not details.name:
        errors["name"] = _("请写姓名；单位写全称。")
    if details.side not in Side.values:
        errors["side"] = _("请选是申请方还是对方。")
    if details.sex and details.sex not in Sex.values:
        errors["sex"] = _("请从列出的里面选。")
    if details.phone and not is_phone(details.phone):
        errors["phone"] = _("这个电话号码看起来不对，请只写数字，例如 0712-0000-000。")
    if details.born_on is not None and not FIRST_BIRTH <= details.born_on <= (on or details.born_on):
        errors["born_on"] = _("出生日期不对，请写成 1964-02-29 这样。")
    return errors


def row(case_id: UUID, number: int, details: PartyDetails) -> Party:
    """The row of a party; not stored yet."""
    return Party(case_id=case_id, number=number, **{name: getattr(details, name) for name in FIELDS})


FIELDS = (
    "side",
    "is_body",
    "name",
    "sex",
    "ethnicity",
    "born_on",
    "occupation",
    "address",
    "phone",
    "person",
)


def add_party(*, case: UUID, details: PartyDetails, by: Actor, at: datetime) -> Party:
    """Another party, on either side; it has to be asked like the others before anything goes on."""
    given = _checked(details, at)
    with transaction.atomic():
        locked = _open(case, by)
        if Mediation.objects.filter(pk=case).exclude(outcome="").exists():
            raise OutOfOrder(_("这一件已经有了结果，不能再加当事人。"))
        known = list(Party.objects.filter(case_id=case).order_by("number"))
        if len(known) >= MOST_PARTIES:
            raise BadData({"parties": _("当事人最多 %(n)d 个；人多的请推选代表。") % {"n": MOST_PARTIES}})
        number = max((party.number for party in known), default=0) + 1
        party = row(case, number, given)
        party.save(force_insert=True)
        code_row(case, number).save(force_insert=True)
        step_aside(locked, at)
    return party


def correct_party(*, case: UUID, number: int, details: PartyDetails, by: Actor, at: datetime) -> Party:
    """Corrects what is known of a party; the side stays what it was."""
    given = _checked(details, at)
    with transaction.atomic():
        locked = _open(case, by)
        party = _party(case, number)
        for name in FIELDS:
            if name not in ("side", "person"):
                setattr(party, name, getattr(given, name))
        party.save()
        step_aside(locked, at)
    return party


def see_identity(*, case: UUID, number: int, by: Actor, at: datetime) -> Party:
    """Notes that a party's papers were seen. No number of them is kept."""
    with transaction.atomic():
        _open(case, by)
        party = _party(case, number)
        party.is_identity_seen = True
        party.save(update_fields=["is_identity_seen"])
    return party


def add_companion(
    *,
    case: UUID,
    role: str,
    name: str,
    by: Actor,
    at: datetime,
    party: int | None = None,
    side: str = "",
    phone: str = "",
    relation: str = "",
    has_authority: bool = False,
) -> Companion:
    """An agent, representative or guardian of a party, or a helper, who counts once every party agreed."""
    made = Companion(
        case_id=case,
        role=role,
        party=party,
        side=side,
        name=" ".join(clean(name).split()),
        phone=phone.strip(),
        relation=" ".join(clean(relation).split())[:40],
        has_authority=has_authority,
    )
    with transaction.atomic():
        _open(case, by)
        if party is not None:
            made.side = _party(case, party).side
        errors = _companion_errors(made)
        if errors:
            raise BadData(errors)
        made.save(force_insert=True)
    return made


def _companion_errors(made: Companion) -> dict[str, str]:
    errors = {}
    if made.role not in CompanionRole.values:
        errors["role"] = _("请从列出的里面选。")
    if not 1 <= len(made.name) <= 50:
        errors["name"] = _("请写姓名，最多50个字。")
    if made.phone and not is_phone(made.phone):
        errors["phone"] = _("这个电话号码看起来不对，请只写数字，例如 0712-0000-000。")
    if made.role != CompanionRole.HELPER and not made.side:
        errors["party"] = _("请选他代表或陪同的是哪一方。")
    if made.role == CompanionRole.REPRESENTATIVE:
        same = Companion.objects.filter(case_id=made.case_id, role=made.role, side=made.side, ended_at=None)
        if same.count() >= MOST_REPRESENTATIVES:
            errors["role"] = _("每一方最多 %(n)d 名代表。") % {"n": MOST_REPRESENTATIVES}
    return errors


def _checked(details: PartyDetails, at: datetime) -> PartyDetails:
    given = cleaned(details)
    errors = problems(given, timezone.localtime(at).date())
    if errors:
        raise BadData(errors)
    return given


def _open(case: UUID, by: Actor) -> Case:
    locked = held(case, by)
    if not locked.is_open:
        raise OutOfOrder(_("这一件已经结束，当事人的情况不能再改。"))
    return locked


def _party(case: UUID, number: int) -> Party:
    found = Party.objects.filter(case_id=case, number=number).first()
    if found is None:
        raise CaseNotFound
    return found


# Codes ------------------------------------------------------------------------------------------


def _code(case_id: UUID, number: int, generation: int) -> str:
    return codes.code_from_bytes(codes.keyed("party", case_id.bytes + bytes([number, generation & 0xFF])))


def _digest(code: str) -> bytes:
    return codes.keyed("party-lookup", codes.normalise(code).encode())


def code_row(case_id: UUID, number: int, generation: int = 0) -> PartyCode:
    return PartyCode(digest=_digest(_code(case_id, number, generation)), case_id=case_id, party=number)


def party_code(case_id: UUID, number: int) -> str:
    """The 13 characters under which a party follows its case; only the server's key can make them."""
    made = PartyCode.objects.filter(case_id=case_id, party=number).count()
    return _code(case_id, number, max(made - 1, 0))


def renew_code(*, case: UUID, number: int, by: Actor, at: datetime) -> str:
    """A new code for a party; the one before opens nothing any more."""
    with transaction.atomic():
        held(case, by)
        _party(case, number)
        old = PartyCode.objects.filter(case_id=case, party=number)
        generation = old.count()
        old.update(is_active=False)
        code_row(case, number, generation).save(force_insert=True)
    return _code(case, number, generation)


def find_party(code: str) -> Party | None:
    """The party of a code, however it was typed; None for a wrong one."""
    row = PartyCode.objects.filter(digest=_digest(code), is_active=True).first()
    if row is None:
        return None
    found = Party.objects.select_related("case__place", "case__holder")
    with scope.everything():  # the code is what opens the case
        return found.filter(case_id=row.case_id, number=row.party).first()

"""The power to propose a veto (一票否决建议) about a unit that failed its duty: a proposal, and nothing counts it.

The proposer's unit is the place of the case, the unit addressed handles it, the unit concerned is called in. So these
three see it, with those above them, and nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, NotAllowed, Opening, advance, effects, open_case
from linli.cases.actions.needs import checked
from linli.cases.actions.turn import Turn
from linli.cases.models import Case
from linli.cases.procedures import latest
from linli.kit.ids import derived
from linli.orgs.models import Kind, Organisation
from linli.people.access import SYSTEM, Actor

KIND = "veto_proposal"
ADDRESSED = (Kind.DEPARTMENT, Kind.CENTRE)
PLACES = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY)
CONCERNED = (*PLACES, *ADDRESSED)


@dataclass(frozen=True)
class Proposal:
    """What is proposed: why, on what grounds, to the unit that may decide, about which unit."""

    reason: str
    evidence: str
    addressee: Organisation | None
    concerned: Organisation | None


@dataclass(frozen=True)
class Proposed:
    case: Case
    is_new: bool


def propose(*, proposal: Proposal, by: Actor, at: datetime, command_id: UUID) -> Proposed:
    """Proposes a veto: all of it or nothing. A repeated command finds the case it opened.

    Raises NotAllowed, BadData naming reason, evidence, addressee or concerned, and CommandReused.
    """
    if not by.may("mediation.propose_veto") or by.organisation is None:
        raise NotAllowed(_("您现在的岗位不能做这一步。"))
    data = _cleaned(proposal)
    assert proposal.addressee is not None
    assert proposal.concerned is not None
    opening = Opening(
        kind=KIND,
        title=f"一票否决建议 · {proposal.concerned.name}",  # zh: the neutral title of the case
        channel="window",
        place=by.organisation,
        is_demo=by.organisation.is_demo,
    )
    with transaction.atomic():
        case, _event, is_new = open_case(opening=opening, by=by, at=at, command_id=command_id, data=data)
        if is_new:
            _send(case, "send", "addressee", proposal.addressee, at, command_id)
            _send(case, "involve", "concerned", proposal.concerned, at, command_id)
            case.refresh_from_db()
    return Proposed(case, is_new)


def _cleaned(proposal: Proposal) -> dict[str, str]:
    """What is said, as the procedure asks for it, with the two units it goes to checked."""
    errors: dict[str, str] = {}
    data: dict[str, str] = {}
    try:
        needs = latest(KIND).opening.needs
        data = checked(needs, {"reason": proposal.reason, "evidence": proposal.evidence})
    except BadData as error:
        errors = dict(error.errors)
    if proposal.addressee is None or proposal.addressee.kind not in ADDRESSED:
        errors["addressee"] = _("请选有权决定的部门或中心。")
    if proposal.concerned is None or proposal.concerned.kind not in CONCERNED:
        errors["concerned"] = _("请选被建议的单位；这里只写单位的失职，不写居民。")
    elif proposal.concerned == proposal.addressee:
        errors["concerned"] = _("不能由被建议的单位自己答复，请换一个。")
    if errors:
        raise BadData(errors)
    return data


def _send(case: Case, verb: str, field: str, unit: Organisation, at: datetime, command_id: UUID) -> None:
    try:
        advance(
            case=case.pk,
            verb=verb,
            by=SYSTEM,
            at=at,
            command_id=derived(command_id, verb),
            data={"unit": str(unit.pk)},
        )
    except BadData as error:
        raise BadData({field: str(error)}) from error


def above_holder(turn: Turn) -> None:
    """An appeal goes to the superior of the unit that answered, not of the one that appeals."""
    turn.facts["owner_path"] = turn.case.holder_path


def install() -> None:
    """Makes the effect known to procedure files."""
    effects.add("above_holder", above_holder)

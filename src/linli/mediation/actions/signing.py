"""Signatures and seals, each bound to the exact text under which it stands (人民调解法 29)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.actions import BadData, CaseNotFound, CommandError, CommandReused, NotAllowed
from linli.cases.models import Case
from linli.documents import render
from linli.kit.ids import derived
from linli.mediation.actions.agreements import put_in_effect
from linli.mediation.actions.papers import attach, words_of
from linli.mediation.actions.reading import held
from linli.mediation.actions.steps import step
from linli.mediation.models import (
    Assignment,
    AssignmentRole,
    Committee,
    How,
    Paper,
    PaperKind,
    Party,
    Signature,
    Signer,
)
from linli.mediation.rules.papers import missing_signatures
from linli.people.access import Actor

ON_SCREEN = frozenset({How.CODE, How.SIGN_IN, How.TABLET})


class StaleText(CommandError):
    """The text was changed after it was opened. `paper` is the version in force."""

    def __init__(self, paper: Paper | None) -> None:
        self.paper = paper
        super().__init__(_("您看的是改动以前的文字，没有签上。请看过现在的文字，再签一次。"))


def sign(
    *,
    case: UUID,
    paper: UUID,
    sha256: str,
    signer: str,
    how: str,
    strokes: Sequence[Any],
    by: Actor,
    at: datetime,
    command_id: UUID,
    party: int | None = None,
    agent: str = "",
    scan: UUID | None = None,
) -> Signature:
    """Signs the exact text with that fingerprint. The last signature or seal under an agreement puts it in effect.

    Parties sign under their code, or before staff on a tablet or on paper; staff sign signed in. Raises StaleText
    where the text has changed, BadData for an empty or impossible signature. Signing twice is signing once.
    """
    with transaction.atomic():
        locked = cases.lock(case, by) if by.kind == "reporter" else held(case, by)
        first = _given(case, command_id, paper, signer, party, by)
        if first is not None:
            return first
        found = _current(case, paper, sha256)
        _check_stage(locked, found)
        made = Signature(
            case_id=case,
            id=derived(command_id, "signature"),
            paper=found.id,
            sha256=found.sha256,
            signer=signer,
            how=how,
            agent=words_of(agent, 50, "agent"),
            at=at,
        )
        _name(made, found, party, by)
        known = _known(made)
        if known is not None:
            return known
        _draw(made, strokes, scan)
        made.save(force_insert=True)
        number = _trace(locked, found, made, by, command_id)
        if scan is not None:
            attach(case, number, [scan], by, at)
        put_in_effect(locked.pk, found, at, command_id)
    return made


def seal(*, case: UUID, paper: UUID, sha256: str, by: Actor, at: datetime, command_id: UUID) -> Signature:
    """The committee's seal, the act of an officer permitted to; under an agreement it comes last."""
    with transaction.atomic():
        locked = held(case, by)
        if not by.may("mediation.seal") or by.organisation_id != locked.holder_id:
            raise NotAllowed(_("只有本委员会有权用印的人能盖章。"))
        first = _given(case, command_id, paper, Signer.SEAL, None, by)
        if first is not None:
            return first
        found = _current(case, paper, sha256)
        _check_stage(locked, found)
        if found.kind == PaperKind.AGREEMENT and missing_signatures(found, with_seal=False):
            raise NotAllowed(_("等各方当事人和调解员都签了，再盖章。"))
        committee = Committee.objects.select_related("organisation").get(pk=locked.holder_id)
        made = Signature(
            case_id=case,
            id=derived(command_id, "signature"),
            paper=found.id,
            sha256=found.sha256,
            signer=Signer.SEAL,
            person_id=by.person_id,
            name=committee.organisation.name,
            how=How.SIGN_IN,
            at=at,
        )
        known = _known(made)
        if known is not None:
            return known
        made.save(force_insert=True)
        if found.is_joint:
            facts = {"paper": found.kind, "sha256": found.sha256}
            step("seal", case=case, by=by, at=at, command_id=command_id, facts=facts)
        put_in_effect(case, found, at, command_id)
    return made


def _given(
    case: UUID, command_id: UUID, paper: UUID, signer: str, party: int | None, by: Actor
) -> Signature | None:
    """The signature this very command made before, whatever has happened since."""
    made = Signature.objects.filter(case_id=case, id=derived(command_id, "signature")).first()
    if made is None:
        return None
    is_own = made.signer == Signer.PARTY or made.person_id == by.person_id
    if (made.paper, made.signer, made.party) != (paper, signer, party) or not is_own:
        raise CommandReused
    return made


def _current(case: UUID, paper: UUID, sha256: str) -> Paper:
    found = Paper.objects.filter(case_id=case, id=paper).first()
    if found is None:
        raise CaseNotFound
    if not found.is_current or not hmac.compare_digest(found.sha256, sha256):
        raise StaleText(Paper.objects.current().filter(case_id=case, lineage=found.lineage).first())
    return found


def _check_stage(case: Case, paper: Paper) -> None:
    if paper.kind == PaperKind.AGREEMENT and case.state != "agreement_written":
        raise NotAllowed(_("协议还没有交各方签字，或者已经生效，现在不能签。"))
    if not case.is_open:
        raise NotAllowed(_("卷宗已经归档或者没有受理，不能再签。"))


def _name(made: Signature, paper: Paper, party: int | None, by: Actor) -> None:
    """Whose signature it is, checked against what the signer holds."""
    if made.signer == Signer.PARTY:
        found = Party.objects.present().filter(case_id=made.case_id, number=party or 0).first()
        may = paper.is_joint or paper.party == party
        if found is None or (by.kind == "reporter" and not may):
            raise CaseNotFound
        if by.kind == "reporter" and made.how != How.CODE:
            raise BadData({"how": _("请从列出的里面选。")})
        made.party, made.name = found.number, found.name
        return
    if by.person_id is None or made.signer not in (Signer.MEDIATOR, Signer.RECORDER):
        raise NotAllowed(_("您现在的岗位不能做这一步。"))
    wanted = AssignmentRole.RECORDER if made.signer == Signer.RECORDER else AssignmentRole.MEDIATOR
    mine = Assignment.objects.current().filter(case_id=made.case_id, person_id=by.person_id, role=wanted)
    if not mine.exists():
        raise NotAllowed(_("只有这一件的调解员、记录人能在这里签。"))
    made.person_id, made.name = by.person_id, by.name


def _known(made: Signature) -> Signature | None:
    same = Signature.objects.valid().filter(case_id=made.case_id, paper=made.paper, signer=made.signer)
    if made.signer == Signer.PARTY:
        same = same.filter(party=made.party)
    elif made.person_id is not None and made.signer != Signer.SEAL:
        same = same.filter(person_id=made.person_id)
    return same.first()


def _draw(made: Signature, strokes: Sequence[Any], scan: UUID | None) -> None:
    if made.how == How.PAPER:
        if scan is None:
            raise BadData({"scan": _("请拍下签好字的那一页。")})
        made.scan = scan
        return
    if made.how not in ON_SCREEN:
        raise BadData({"how": _("签名要在屏幕上写，或者在纸上签好再拍下来。")})
    lines = [[[float(x), float(y)] for x, y in line] for line in _lines(strokes)]
    try:
        made.image = render.signature_png(lines)
    except ValueError as error:
        raise BadData({"strokes": _("没有看到签名，请用手指或笔写上名字。")}) from error
    made.strokes = lines


def _lines(strokes: Sequence[Any]) -> Sequence[Any]:
    try:
        lines = [line for line in strokes if len(line)]
        all(len(point) == 2 and [float(part) for part in point] for line in lines for point in line)
    except (TypeError, ValueError) as error:
        raise BadData({"strokes": _("没有看到签名，请用手指或笔写上名字。")}) from error
    if not lines or any(len(point) != 2 for line in lines for point in line):
        raise BadData({"strokes": _("没有看到签名，请用手指或笔写上名字。")})
    return lines


def _trace(case: Case, paper: Paper, made: Signature, by: Actor, command_id: UUID) -> int:
    """An event for a joint paper; under one party's own paper none, lest the other side learn of it."""
    if not paper.is_joint:
        return case.version
    verb = "sign" if by.kind == "reporter" else "sign_as_staff"
    facts = {"paper": paper.kind, "sha256": paper.sha256, "signer": made.signer, "party": made.party}
    try:
        return step(verb, case=case.pk, by=by, at=made.at, command_id=command_id, facts=facts).number
    except IntegrityError as error:  # two hands on one signature
        raise NotAllowed(_("这里刚刚已经签过了。")) from error

"""Claims on what is held on oneself: asked under a code, answered with reasons before their time is up."""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, CaseNotFound, NotAllowed, rows
from linli.cases.models import Case, CaseQuerySet
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Limit, due
from linli.kit.ids import uuid7
from linli.kit.sealing import KeyringError, Unread, keyring
from linli.kit.text import clean
from linli.ledger import actions as ledger
from linli.ledger import merkle
from linli.ledger.models import Leaf
from linli.people.access import Actor, roles_with_permission
from linli.privacy.actions import erasing, keepers, locks
from linli.privacy.models import Claim, ClaimKind, Outcome, Why

PERMISSION = "privacy.answer"
KIND, ANSWER = "claim", "answer"
FILE = Path(__file__).parent.parent / "data" / "limits.toml"
LONGEST = 1000

# Who is to be told of a claim that was asked or is late; apps above add themselves when they start.
told: list[Callable[[Claim, Case], None]] = []


@cache
def _limits() -> dict[str, dict[str, Any]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def limit_of(kind: str) -> Limit:
    """How long there is to answer a claim."""
    return Limit.parse(_limits()[kind]["limit"])


def source_of(kind: str) -> str:
    language = "en" if (get_language() or "").startswith("en") else "zh"
    return str(_limits()[kind]["source"][language])


def ask(*, case: Case, party: int | None, kind: str, words: str, at: datetime) -> Claim:
    """Takes a claim in. One of a kind stands at a time; the same asked again is the first, with other words BadData."""
    said = clean(words).strip()
    if kind not in ClaimKind.values:
        raise BadData({"kind": _("请选您要什么。")})
    if kind == ClaimKind.CORRECTION and len(said) < 2:
        raise BadData({"words": _("请写明哪里不对，应当是什么。")})
    if len(said) > LONGEST:
        raise BadData({"words": _("最多%(n)d个字。") % {"n": LONGEST}})
    standing = Claim.objects.open().filter(case_id=case.pk, party=party, kind=kind)
    if (first := standing.first()) is not None:
        return _again(first, said)
    due_at = due(at, limit_of(kind), current()).due_at
    assert due_at is not None
    claim = Claim(case_id=case.pk, id=uuid7(), party=party, kind=kind, words=said, asked_at=at, due_at=due_at)
    claim.salt, claim.commitment = _commitment(said)
    try:
        with transaction.atomic():
            rows.insert([claim, leaf_of(claim)])
            for tell in told:
                tell(claim, case)
    except IntegrityError:  # asked twice at the same moment
        return _again(standing.get(), said)
    return claim


def _again(first: Claim, said: str) -> Claim:
    """The claim that stands, where the same was said; other words would be lost."""
    if said != first.words and not isinstance(first.words, Unread):
        raise BadData({"words": _("这一项您已经提过，还在等答复。答复以后可以再提，现在写的请先留着。")})
    return first


def leaf_of(claim: Claim) -> Leaf:
    """That it was asked, in which words, and until when it must be answered."""
    return ledger.leaf_for(kind=KIND, subject=claim.id, record=claim.record(), at=claim.asked_at)


def leaf_of_answer(claim: Claim) -> Leaf:
    """That it was answered, how, by whom, and for which reasons."""
    assert claim.answered_at is not None
    return ledger.leaf_for(kind=ANSWER, subject=claim.id, record=claim.answer_record(), at=claim.answered_at)


def _commitment(said: str) -> tuple[bytes, bytes]:
    """A salt, and what commits to these words with it."""
    salt = secrets.token_bytes(merkle.SALT_BYTES)
    return salt, merkle.payload_commitment(salt, said.encode())


def _fault(said: str, salt: bytes, commitment: bytes) -> str:
    """What is wrong with words and what commits to them: "payload" where they were changed."""
    if not commitment:
        return ""
    if not salt:
        return "payload" if said else ""
    if isinstance(said, Unread):  # the keys are away, or somebody wrote what no key opens
        return "payload" if _keys_are_here() else ""
    is_said = merkle.payload_commitment(salt, said.encode()) == commitment
    return "" if is_said else "payload"


def _keys_are_here() -> bool:
    try:
        keyring()
    except KeyringError:
        return False
    return True


def forget(case: Case) -> keepers.Removed:
    """What was asked about a case and answered, why it was locked or held: the words go, that it was stays."""
    told = list(Claim.objects.filter(case_id=case.pk))
    for claim in told:
        claim.words, claim.salt, claim.reply, claim.reply_salt = "", b"", "", b""
        claim.save(update_fields=["words", "salt", "reply", "reply_salt"])
    return {"claims": len(told) + locks.forget(case.pk)}


def forget_own(case: Case, party: int | None) -> keepers.Removed:
    """What one person wrote in asking; the answers stay, with their reasons."""
    told = [each for each in Claim.objects.filter(case_id=case.pk, party=party) if each.words]
    for claim in told:
        claim.words, claim.salt = "", b""
        claim.save(update_fields=["words", "salt"])
    return {"claims": len(told)}


def rehashed(first: UUID, last: UUID) -> Iterator[ledger.Row]:
    """Every claim with an id from one to another as it stands now, hashed again."""
    for claim in Claim.objects.filter(id__gte=first, id__lte=last).order_by("id"):
        leaf, fault = leaf_of(claim), _fault(claim.words, bytes(claim.salt), bytes(claim.commitment))
        yield ledger.Row(leaf.case_id, leaf.number, bytes(leaf.hash), fault)


def rehashed_answers(first: UUID, last: UUID) -> Iterator[ledger.Row]:
    """Every answer to them."""
    answered = Claim.objects.filter(id__gte=first, id__lte=last, answered_at__isnull=False)
    for claim in answered.order_by("id"):
        leaf = leaf_of_answer(claim)
        fault = _fault(claim.reply, bytes(claim.reply_salt), bytes(claim.reply_commitment))
        yield ledger.Row(leaf.case_id, leaf.number, bytes(leaf.hash), fault)


@dataclass(frozen=True)
class Answer:
    """What is done about a claim, and what is said about it. `corrected` are contact fields written anew."""

    outcome: str
    reply: str
    corrected: Mapping[str, str] = field(default_factory=dict)


def answer(*, claim_id: UUID, given: Answer, by: Actor, at: datetime) -> Claim:
    """Answers a claim and does what the answer says, both or neither.

    BadData without reasons, NotAllowed where the case is still needed, CaseNotFound for who may not answer it.
    """
    words = clean(given.reply).strip()
    errors = {}
    if given.outcome not in Outcome.values:
        errors["outcome"] = _("请选怎么办的。")
    if not 5 <= len(words) <= LONGEST:
        errors["reply"] = _("请写明怎么办的、为什么，5 到 1000 个字。本人看得到。")
    if errors:
        raise BadData(errors)
    with transaction.atomic():
        claim = Claim.objects.select_for_update().select_related("case").filter(id=claim_id).first()
        if claim is None or not may_answer(claim, by):
            raise CaseNotFound
        if claim.answered_at is not None:
            raise NotAllowed(_("这一件已经答复过。"))
        claim.outcome, claim.reply, claim.answered_at = given.outcome, words, at
        claim.reply_salt, claim.reply_commitment = _commitment(words)
        claim.person_id, claim.role, claim.organisation_id = by.person_id, by.role, by.organisation_id
        claim.save(force_update=True)
        _carry_out(claim, given, by, at)
        leaf_of_answer(claim).save(force_insert=True)
    return claim


def _carry_out(claim: Claim, given: Answer, by: Actor, at: datetime) -> None:
    """A lock where the answer says so; a deletion or correction where one was asked and granted."""
    case, keeper = claim.case, keepers.of(claim.case)
    if given.outcome == Outcome.LOCKED or (claim.kind == ClaimKind.LOCKING and given.outcome == Outcome.DONE):
        locks.lock(case_id=case.pk, why=claim.reply, by=by, at=at)
    if given.outcome not in (Outcome.DONE, Outcome.PARTLY) or keeper is None:
        return
    if claim.kind == ClaimKind.CORRECTION and given.corrected:
        keeper.correct(case, claim.party, given.corrected)
    if claim.kind == ClaimKind.DELETION:
        _delete(case, claim.party, by, at)


def _delete(case: Case, party: int | None, by: Actor, at: datetime) -> None:
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if locked.is_open:
        raise NotAllowed(_("事项还没办结，办理要用，不能删除。请先办结，或者写明理由答复。"))
    if locks.is_held(case.pk):
        raise NotAllowed(_("这一件因诉讼、审计等暂不删，放开以前不能删除。请写明理由答复，或者选“已封存”。"))
    removed = keepers.erase_person(case, party)
    erasing.trace(case_id=case.pk, why=Why.CLAIM, rule="claim", removed=removed, by=by, at=at)


def may_answer(claim: Claim, by: Actor) -> bool:
    """Whether this post answers claims on that case: it has the duty, and the case is one of its own."""
    return cases_of(by).filter(pk=claim.case_id).exists()


def cases_of(by: Actor) -> CaseQuerySet:
    """The cases whose claims this post answers, locked ones among them."""
    if not by.may(PERMISSION):
        return Case.objects.none()
    return Case.objects.within_reach(by).filter(keepers.answered_by(by))


def answering(case: Case) -> tuple[list[str], set[str]]:
    """Names of the roles that answer claims on a case, and the paths they are looked for on."""
    keeper = keepers.of(case)
    if keeper is None:
        return [], set()
    may = set(roles_with_permission(keeper.permission))
    paths = {case.holder_path} if keeper.at_holder else {case.place_path, case.holder_path}
    return [name for name in roles_with_permission(PERMISSION) if name in may], paths


def waiting_for(by: Actor) -> list[Claim]:
    """The claims this post has to answer, most urgent first."""
    mine = Claim.objects.open().filter(case__in=cases_of(by)).select_related("case")
    return list(mine.order_by("due_at", "id")[:200])


def report_late(*, at: datetime) -> int:
    """Tells once of each claim whose time is up without an answer."""
    late = list(Claim.objects.overdue(at).filter(is_reported=False).select_related("case")[:200])
    for claim in late:
        with transaction.atomic():
            if Claim.objects.filter(id=claim.id, is_reported=False).update(is_reported=True):
                claim.is_reported = True
                for tell in told:
                    tell(claim, claim.case)
    return len(late)

"""An agreement is drafted, performed or not, followed up, confirmed by a court, and put into the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, CaseNotFound, NotAllowed
from linli.cases.models import Event
from linli.mediation.actions import papers, sittings
from linli.mediation.actions.agreements import take_over_terms
from linli.mediation.actions.dossier import performance_of
from linli.mediation.actions.reading import held
from linli.mediation.actions.steps import known, step
from linli.mediation.models import Assent, Instalment, Matter, Mediation, Paper, PaperKind, Party
from linli.mediation.rules.papers import current
from linli.people.access import Actor


def draft(*, case: UUID, by: Actor, at: datetime, command_id: UUID, version: int | None = None) -> Event:
    """Puts the drafted terms before the parties to be signed."""
    return step("draft", case=case, by=by, at=at, command_id=command_id, version=version)


def redraft(
    *, case: UUID, by: Actor, at: datetime, command_id: UUID, remark: str = "", version: int | None = None
) -> Event:
    """Back to the table: the terms are to be changed."""
    return step("redraft", case=case, by=by, at=at, command_id=command_id, version=version, remark=remark)


def agree_orally(
    *, case: UUID, by: Actor, at: datetime, command_id: UUID, version: int | None = None
) -> Event:
    """An oral agreement, in effect from its day; the mediator has written down what it says."""
    with transaction.atomic():
        held(case, by)
        noted = current(case, PaperKind.ORAL)
        if noted and known(case, command_id, "agree_orally") is None:
            take_over_terms(noted[-1])
        return step("agree_orally", case=case, by=by, at=at, command_id=command_id, version=version)


def perform(
    *,
    case: UUID,
    instalment: UUID,
    done_on: date,
    by: Actor,
    at: datetime,
    command_id: UUID,
    note: str = "",
    photos: Sequence[UUID] = (),
    version: int | None = None,
) -> Event:
    """Notes that one part of the agreement was performed, with its proof."""
    with transaction.atomic():
        held(case, by)
        found = Instalment.objects.filter(case_id=case, id=instalment).first()
        if found is None:
            raise CaseNotFound
        if done_on > timezone.localtime(at).date():
            raise BadData({"done_on": _("履行的日子不能在今天以后。")})
        if found.done_on is None:
            words = papers.words_of(note, 200, "note")
            done = Instalment(case_id=case, id=instalment, done_on=done_on, note=words)
            done.save(update_fields=["done_on", "note"])
        event = step("perform", case=case, by=by, at=at, command_id=command_id, version=version)
        if found.done_on is None:
            _proof(case, photos, by, at)
    return event


def _proof(case: UUID, photos: Sequence[UUID], by: Actor, at: datetime) -> None:
    """The proof of performance, one paper that grows."""
    proof = current(case, PaperKind.PERFORMANCE)
    papers.write(
        case=case,
        kind=PaperKind.PERFORMANCE,
        content={"performance": performance_of(case)},
        lineage=proof[-1].lineage if proof else None,
        is_joint=True,
        photos=photos,
        by=by,
        at=at,
    )


def breach(
    *,
    case: UUID,
    route: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
    remark: str = "",
    version: int | None = None,
) -> Event:
    """One side has not performed; the routes of the law are named (人民调解法 32, 33)."""
    data = {"route": route}
    return step(
        "breach", case=case, by=by, at=at, command_id=command_id, version=version, data=data, remark=remark
    )


def complete(*, case: UUID, by: Actor, at: datetime, command_id: UUID, version: int | None = None) -> Event:
    """Everything agreed has been performed."""
    return step("complete", case=case, by=by, at=at, command_id=command_id, version=version)


def follow_up(
    *,
    case: UUID,
    content: Mapping[str, Any],
    by: Actor,
    at: datetime,
    command_id: UUID,
    version: int | None = None,
) -> Event:
    """A visit to see how the agreement holds, kept as its own paper."""
    with transaction.atomic():
        is_new = known(case, command_id, "follow_up") is None
        event = step("follow_up", case=case, by=by, at=at, command_id=command_id, version=version)
        if is_new:
            papers.write(case=case, kind=PaperKind.FOLLOW_UP, content=content, by=by, at=at)
    return event


def apply_confirmation(
    *, case: UUID, court: str, by: Actor, at: datetime, command_id: UUID, version: int | None = None
) -> Event:
    """All parties together ask a court to confirm the agreement (民事诉讼法 205): nobody alone may."""
    words = papers.words_of(court, 80, "court")
    if len(words) < 2:
        raise BadData({"court": _("请写明向哪个法院申请。")})
    with transaction.atomic():
        held(case, by)
        if known(case, command_id, "apply_confirmation") is not None:
            return step("apply_confirmation", case=case, by=by, at=at, command_id=command_id)
        answers = Assent.objects.last_answers(case, Matter.CONFIRMATION)
        numbers = Party.objects.present().filter(case_id=case).values_list("number", flat=True)
        if not all(answers.get(number) for number in numbers):
            raise NotAllowed(_("司法确认要各方共同申请，还有当事人没有表示愿意（人民调解法第三十三条）。"))
        event = step("apply_confirmation", case=case, by=by, at=at, command_id=command_id, version=version)
        Mediation(pk=case, court=words).save(update_fields=["court"])
        if not current(case, PaperKind.CONFIRMATION):
            _application_to_court(case, words, by, at)
    return event


COURT_PAPERS = [  # as the court asks for them (民诉法解释 354)
    "调解协议书",  # zh: on an official paper
    "调解组织主持调解的证明",  # zh: on an official paper
    "与协议相关的财产权利证明",  # zh: on an official paper
    "双方身份证明、住所和联系方式",  # zh: on an official paper
]


def _application_to_court(case: UUID, court: str, by: Actor, at: datetime) -> Paper:
    content = {"court": court, "papers": COURT_PAPERS}
    return papers.write(case=case, kind=PaperKind.CONFIRMATION, content=content, is_joint=True, by=by, at=at)


def note_confirmation(
    *, case: UUID, result: str, by: Actor, at: datetime, command_id: UUID, version: int | None = None
) -> Event:
    """What the court decided."""
    data = {"result": result}
    return step(
        "note_confirmation", case=case, by=by, at=at, command_id=command_id, version=version, data=data
    )


def archive(*, case: UUID, by: Actor, at: datetime, command_id: UUID, version: int | None = None) -> Event:
    """One case, one file: closed for good once every paper the law asks for is there."""
    with transaction.atomic():
        event = step("archive", case=case, by=by, at=at, command_id=command_id, version=version)
        sittings.cancel_coming(case=case, at=at)
    return event

"""Before a dispute is mediated: who is willing, whether the law lets it be mediated, and by which committee."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.actions import BadData, CaseNotFound, NotAllowed
from linli.cases.models import Case, Event
from linli.kit.ids import derived
from linli.mediation.actions import papers
from linli.mediation.actions.committees import committees_for
from linli.mediation.actions.reading import admit_reader, held
from linli.mediation.actions.steps import step
from linli.mediation.models import (
    Assent,
    Category,
    Committee,
    How,
    Matter,
    Mediation,
    PaperKind,
    Party,
    Reader,
)
from linli.mediation.rules import QUESTIONS
from linli.mediation.rules.papers import current
from linli.people.access import SYSTEM, Actor

ATTEMPTS = 3
ACCEPTING = "受理本案"  # zh: kept with the case


def answer(
    *,
    case: UUID,
    party: int,
    matter: str,
    answer: bool,
    how: str,
    by: Actor,
    at: datetime,
    about: UUID | None = None,
) -> Assent:
    """Keeps a yes or no of a party, given by itself or noted by staff of the case; the last one counts."""
    if matter not in Matter.values or how not in How.values:
        raise BadData({"answer": _("请从列出的里面选。")})
    with transaction.atomic():
        locked = cases.lock(case, by) if by.kind == "reporter" else held(case, by)
        if not locked.is_open:
            raise NotAllowed(_("这一件已经结束，不能再改回答。"))
        if not Party.objects.present().filter(case_id=case, number=party).exists():
            raise CaseNotFound
        return Assent.objects.create(
            case_id=case,
            party=party,
            matter=matter,
            about=about,
            answer=answer,
            how=how,
            noted_by_id=by.person_id,
            at=at,
        )


def set_test(*, case: UUID, answers: Mapping[str, bool], by: Actor, at: datetime) -> Mediation:
    """Keeps the answers of the acceptance test: every question, each yes or no."""
    names = [question.name for question in QUESTIONS]
    missing = {name: _("请回答这一项。") for name in names if not isinstance(answers.get(name), bool)}
    if missing:
        raise BadData(missing)
    with transaction.atomic():
        locked = held(case, by)
        if locked.state not in ("diverted", "consent_check", "applied"):
            raise NotAllowed(_("受理以后，这几个问题的回答不能再改。"))
        matter = Mediation.objects.get(pk=case)
        matter.test = {name: answers[name] for name in names}
        matter.save(update_fields=["test"])
    return matter


def accept(*, case: UUID, by: Actor, at: datetime, command_id: UUID, version: int | None = None) -> Event:
    """Accepts a dispute: file number, time limit, and the notice of rights for every party to sign."""
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                event = step("accept", case=case, by=by, at=at, command_id=command_id, version=version)
                _name_whoever_accepts(case, by, at)
                _notice(case, at, command_id)
                return event
        except IntegrityError:  # the same file number at the same moment
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


def _name_whoever_accepts(case: UUID, by: Actor, at: datetime) -> None:
    if by.person_id is None:
        return
    if not Reader.objects.filter(case_id=case, person_id=by.person_id, ended_at=None).exists():
        admit_reader(case, by.person_id, ACCEPTING, by.person_id, at)


def _notice(case: UUID, at: datetime, command_id: UUID) -> None:
    if current(case, PaperKind.RIGHTS):
        return
    papers.write(
        case=case,
        kind=PaperKind.RIGHTS,
        content={"date": timezone.localtime(at).date().isoformat()},
        is_joint=True,
        lineage=None,
        by=SYSTEM,
        at=at,
        paper_id=derived(command_id, "rights notice"),
    )


def decline(
    *,
    case: UUID,
    ground: str,
    route: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
    remark: str = "",
    version: int | None = None,
) -> Event:
    """Does not accept, on a ground of the law, and names the right route."""
    data = {"ground": ground, "route": route}
    return step(
        "decline", case=case, by=by, at=at, command_id=command_id, version=version, data=data, remark=remark
    )


def suggest_committees(case: Case) -> list[Committee]:
    """The committees a dispute may go to, the best fit first."""
    category = Category.objects.filter(pk=case.category).select_related("field").first()
    return list(committees_for(case.place, category)) if case.place and category else []

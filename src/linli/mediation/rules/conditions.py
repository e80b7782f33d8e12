"""The conditions themselves, by the name procedure files use, each with what to say where it does not hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from linli.cases.actions import effects, relations
from linli.cases.models import Case, Clock, Task
from linli.cases.procedures import predicates
from linli.kit.ids import derived
from linli.mediation.models import (
    Assent,
    Assignment,
    AssignmentRole,
    Barrier,
    Confirmation,
    Instalment,
    Matter,
    Mediation,
    Outcome,
    PaperKind,
    Party,
    Side,
)
from linli.mediation.rules.acceptance import ground_of
from linli.mediation.rules.effects import EFFECTS
from linli.mediation.rules.papers import current, missing_papers, missing_signatures
from linli.people.access import Actor
from linli.people.models import Person

Condition = Callable[[Case], bool]


def _everybody(case: Case, matter: Matter, about: UUID | None = None) -> bool:
    """Whether every party still there said yes, with somebody on each side."""
    parties = list(Party.objects.present().filter(case_id=case.pk).values_list("number", "side"))
    answers = Assent.objects.last_answers(case.pk, matter, about)
    sides = {side for _number, side in parties}
    return sides == set(Side.values) and all(answers.get(number) for number, _side in parties)


def extension_proposal(case: Case) -> UUID:
    """What parties agree to when they agree to the next extension; each needs everybody's yes anew."""
    return derived(case.pk, f"extension{case.extensions}")


def rights_known(case: Case) -> bool:
    """Every party was told its rights and duties and acknowledged it: a yes, or a signature under the notice."""
    if _everybody(case, Matter.RIGHTS):
        return True
    notices = current(case.pk, PaperKind.RIGHTS)
    answers = Assent.objects.last_answers(case.pk, Matter.RIGHTS)
    unsigned = {number for paper in notices for _who, number in missing_signatures(paper) if number}
    parties = Party.objects.present().filter(case_id=case.pk).values_list("number", flat=True)
    return bool(notices) and all(answers.get(number) or number not in unsigned for number in parties)


def unfit(case_id: UUID) -> list[Person]:
    """Mediators and recorders of a case who may not be: barred, or themselves a party."""
    people = list(
        Person.objects.filter(pk__in=Assignment.objects.current().filter(case_id=case_id).values("person"))
    )
    return [person for person in people if is_barred(case_id, person)]


def is_barred(case_id: UUID, person: Person) -> bool:
    """Whether somebody may not mediate this case: interest, kinship, an objection, or a party themselves."""
    if Barrier.objects.filter(case_id=case_id, person=person).exists():
        return True
    phones = {"", person.work_phone}
    return any(
        party.person_id == person.pk or (party.name == person.name and party.phone in phones)
        for party in Party.objects.filter(case_id=case_id)
    )


def _mediators_fit(case: Case) -> bool:
    mediators = Assignment.objects.current().filter(case_id=case.pk, role=AssignmentRole.MEDIATOR)
    return mediators.exists() and not unfit(case.pk)


def _fully_signed(case: Case) -> bool:
    papers = current(case.pk, PaperKind.AGREEMENT)
    return bool(papers) and not missing_signatures(papers[-1])


def _matter(case: Case) -> Mediation:
    return Mediation.objects.get(pk=case.pk)


def _routes_told(case: Case) -> bool:
    matter = _matter(case)
    is_settled = matter.outcome == Outcome.SUCCEEDED and case.state != "breached"
    return is_settled or matter.routes_told_at is not None


CONDITIONS: dict[str, tuple[Condition, Callable[[], str]]] = {
    "test_passed": (
        lambda case: ground_of(_matter(case).test) is None,
        lambda: _("受理前的几个问题还没有都问到，或者有一项依法不能调解。"),
    ),
    "all_willing": (
        lambda case: _everybody(case, Matter.WILLING),
        lambda: _("各方都明确愿意才能往下走；有一方不愿意，调解不能进行（人民调解法第十七条）。"),
    ),
    "rights_known": (
        rights_known,
        lambda: _("还有当事人没有确认权利义务告知书（人民调解工作若干规定第三十条）。"),
    ),
    "mediators_fit": (
        _mediators_fit,
        lambda: _("还没有调解员，或者其中有人应当回避：有利害关系、是当事人的亲属，或当事人不同意。"),
    ),
    "extension_agreed": (
        lambda case: _everybody(case, Matter.EXTENSION, extension_proposal(case)),
        lambda: _("延长期限要各方都同意（人民调解工作若干规定第三十三条）。"),
    ),
    "agreement_ready": (
        lambda case: any(paper.content.get("clauses") for paper in current(case.pk, PaperKind.AGREEMENT)),
        lambda: _("协议书还没有条款。"),
    ),
    "fully_signed": (
        _fully_signed,
        lambda: _("各方当事人、调解员的签名和委员会印章齐了，协议才生效（人民调解法第二十九条）。"),
    ),
    "oral_recorded": (
        lambda case: bool(current(case.pk, PaperKind.ORAL)) and _everybody(case, Matter.ORAL),
        lambda: _("口头协议要由调解员记下内容，并且各方都同意不用书面（人民调解法第二十八条）。"),
    ),
    "all_performed": (
        lambda case: not Instalment.objects.filter(case_id=case.pk, done_on=None).exists(),
        lambda: _("还有没履行的项目。"),
    ),
    "still_performing": (lambda case: case.state == "performing", lambda: ""),
    "papers_complete": (
        lambda case: not missing_papers(_matter(case)),
        lambda: _("必须的文书还不齐，不能归档。"),
    ),
    "routes_told": (
        _routes_told,
        lambda: _("还没有告知当事人仲裁、行政、诉讼等途径（人民调解法第二十六条）。"),
    ),
    "confirmable": (
        lambda case: _matter(case).confirmation == Confirmation.OPEN,
        lambda: _("现在不能申请司法确认：期限不在，或者依法不能确认。"),
    ),
    "confirmation_applied": (
        lambda case: _matter(case).confirmation == Confirmation.APPLIED,
        lambda: _("还没有申请司法确认。"),
    ),
}


def is_mediator(case: Case, actor: Actor, tasks: Sequence[Task] = ()) -> bool:
    """Whether the actor mediates this case now, or keeps its record."""
    if actor.person_id is None:
        return False
    return Assignment.objects.current().filter(case_id=case.pk, person_id=actor.person_id).exists()


def _predicate(condition: Condition) -> predicates.Predicate:
    def holds(case: Case, clocks: Sequence[Clock], at: datetime) -> bool:
        return condition(case)

    return holds


def install() -> None:
    """Makes the conditions and the relation known to the kernel."""
    for name, (condition, refusal) in CONDITIONS.items():
        predicates.add(name, _predicate(condition), refusal)
    relations.add("mediator", is_mediator)
    for effect in EFFECTS:
        effects.add(effect.__name__, effect, "result" if effect.__name__ == "note_court" else "")

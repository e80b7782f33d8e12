"""Everything the page of a mediation shows, gathered in a constant number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from linli.cases import actions as cases
from linli.cases.actions import relations
from linli.cases.models import Case, Clock, Event, Task
from linli.cases.procedures import Move, Procedure
from linli.cases.procedures.story import mentioned
from linli.kit import codes
from linli.mediation.actions import talks
from linli.mediation.models import (
    Assent,
    Assignment,
    AssignmentRole,
    Barrier,
    Companion,
    Instalment,
    Invitation,
    Matter,
    Mediation,
    Paper,
    PaperKind,
    Party,
    Reader,
    Remark,
    Side,
    Signature,
    Sitting,
    SittingKind,
    Talk,
)
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.people.models import Person
from linli.privacy.actions.openings import Openings
from linli.privacy.models import Read
from linli.web.views.casefile import CaseFile

READINGS_SHOWN = 30


@dataclass
class MediationFile:
    """A mediation as one post sees it at one moment. Lists are in the order in which pages show them.

    `papers` are the current versions; `talks` are those the reader held; separate sittings are there for a mediator
    of the case alone.
    """

    case: Case
    matter: Mediation
    post: Actor
    at: datetime
    parties: list[Party]
    companions: list[Companion]
    answers: list[Assent]
    assigned: list[Assignment]
    barriers: list[Barrier]
    papers: list[Paper]
    signatures: list[Signature]
    sittings: list[Sitting]
    invitations: list[Invitation]
    talks: list[Talk]
    instalments: list[Instalment]
    remarks: list[Remark]
    readers: list[Reader]
    readings: list[Read]
    events: list[Event]
    clocks: list[Clock]
    tasks: list[Task]

    @cached_property
    def assignments(self) -> list[Assignment]:
        """Who mediates or keeps the record now."""
        return [each for each in self.assigned if each.ended_at is None]

    # What this post may do ---------------------------------------------------------------------

    @cached_property
    def moves(self) -> list[Move]:
        """The moves this post may make now, those of mediation's own forms among them."""
        return cases.moves_for(self.case, self.post, self.tasks, self.clocks, self.at)

    @cached_property
    def verbs(self) -> frozenset[str]:
        return frozenset(move.verb for move in self.moves)

    def may(self, verb: str) -> bool:
        """Whether this post may make that move now, every condition met."""
        return verb in self.verbs

    def may_once_ready(self, verb: str) -> bool:
        """Whether that move is this post's to make from this state, once its conditions are met."""
        move = self.case.procedure.moves.get(verb)
        if move is None or self.case.state not in move.origins or not self.post.may(move.may):
            return False
        if move.relation not in self.stands:
            self.stands[move.relation] = relations.holds(move.relation, self.case, self.post, self.tasks)
        return self.stands[move.relation]

    @cached_property
    def stands(self) -> dict[str, bool]:
        """How the reader stands to the case, as far as it was asked."""
        return {}

    @cached_property
    def my_assignments(self) -> list[Assignment]:
        return [each for each in self.assignments if each.person_id == self.post.person_id]

    @property
    def may_mediate(self) -> bool:
        """Whether the reader is a mediator of the case, or keeps its record."""
        return bool(self.my_assignments) and self.post.may("mediation.mediate")

    @property
    def is_mediator(self) -> bool:
        return any(each.role == AssignmentRole.MEDIATOR for each in self.my_assignments)

    @property
    def is_recorder(self) -> bool:
        return any(each.role == AssignmentRole.RECORDER for each in self.my_assignments)

    @property
    def is_of_committee(self) -> bool:
        """Whether the post belongs to the committee that has the case."""
        return self.case.holder_id is not None and self.case.holder_id == self.post.organisation_id

    @property
    def may_edit(self) -> bool:
        """Whether this post may note parties, companions and answers, and write papers: they are the committee's."""
        return self.is_of_committee and self.post.may("mediation.accept") and self.case.is_open

    @property
    def may_seal(self) -> bool:
        return self.is_of_committee and self.post.may("mediation.seal")

    # What is in it -----------------------------------------------------------------------------

    @property
    def procedure(self) -> Procedure:
        return self.case.procedure

    @property
    def number(self) -> str:
        return self.case.number

    @property
    def present(self) -> list[Party]:
        """The parties who have not withdrawn."""
        return [party for party in self.parties if party.withdrawn_at is None]

    def party(self, number: int | None) -> Party | None:
        return next((party for party in self.parties if party.number == number), None)

    def side(self, side: Side) -> list[Party]:
        return [party for party in self.parties if party.side == side]

    @property
    def mediators(self) -> list[Assignment]:
        return [each for each in self.assignments if each.role == AssignmentRole.MEDIATOR]

    @property
    def ever_mediated(self) -> frozenset[UUID]:
        """Who is or was a mediator of the case: what they signed stands."""
        return frozenset(each.person_id for each in self.assigned if each.role == AssignmentRole.MEDIATOR)

    def is_barred(self, person: Person) -> bool:
        """Whether somebody may not mediate this case: a barrier, or a party themselves."""
        if any(each.person_id == person.pk for each in self.barriers):
            return True
        phones = {"", person.work_phone}
        return any(
            party.person_id == person.pk or (party.name == person.name and party.phone in phones)
            for party in self.parties
        )

    @property
    def recorders(self) -> list[Assignment]:
        return [each for each in self.assignments if each.role == AssignmentRole.RECORDER]

    def answer(self, party: int, matter: Matter, about: UUID | None = None) -> Assent | None:
        """What a party said last on a matter."""
        said = [a for a in self.answers if (a.party, a.matter, a.about) == (party, matter, about)]
        return said[-1] if said else None

    def papers_of(self, kind: PaperKind) -> list[Paper]:
        return [paper for paper in self.papers if paper.kind == kind]

    def paper(self, paper_id: UUID) -> Paper | None:
        return next((paper for paper in self.papers if paper.id == paper_id), None)

    def signatures_under(self, paper: Paper) -> list[Signature]:
        """The signatures that stand under this exact text."""
        under = [each for each in self.signatures if each.paper == paper.id]
        return [each for each in under if each.voided_at is None and each.sha256 == paper.sha256]

    @property
    def next_sitting(self) -> Sitting | None:
        """The next joint session."""
        return next(
            (
                each
                for each in self.sittings
                if each.kind == SittingKind.JOINT and each.state == "planned" and each.ends_at > self.at
            ),
            None,
        )

    def remarks_on(self, event: Event) -> list[Remark]:
        return [remark for remark in self.remarks if remark.event_number == event.number]

    @cached_property
    def as_casefile(self) -> CaseFile:
        """The same case for what draws any case: clocks, steps, story."""
        units = Organisation.objects.filter(pk__in=_mentioned(self))
        names = {str(unit.pk): unit.label for unit in units}
        return CaseFile(
            self.case, None, self.post, self.at, self.events, self.clocks, self.tasks, names=names
        )


def _mentioned(file: MediationFile) -> list[UUID]:
    found = []
    for text in mentioned(file.events, file.procedure):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def find(number: str) -> Mediation:
    """The mediation with that number, whoever asks; its case is `.case`. Show nothing of it before the gate."""
    wanted = codes.normalise_number(number)
    numbered = Case.objects.numbered(wanted) if wanted else Case.objects.none()
    joined = ("case__place__parent", "case__holder", "category")
    found = Mediation.objects.select_related(*joined).filter(case__in=numbered).first()
    if found is None:
        raise Http404
    return found


def load(matter: Mediation, post: Actor, at: datetime) -> MediationFile:
    """The file of a mediation, after the gate: nobody is asked here whether they may read it."""
    case = matter.case
    own = {"case_id": case.pk}
    file = MediationFile(
        case=case,
        matter=matter,
        post=post,
        at=at,
        parties=list(Party.objects.filter(**own).order_by("number")),
        companions=list(Companion.objects.filter(**own, ended_at=None).order_by("id")),
        answers=list(Assent.objects.filter(**own).order_by("at", "id")),
        assigned=list(
            Assignment.objects.filter(**own).select_related("person").order_by("role", "since", "id")
        ),
        barriers=list(Barrier.objects.filter(**own).select_related("person").order_by("at", "id")),
        papers=list(Paper.objects.current().filter(**own).select_related("author").order_by("at", "id")),
        signatures=list(Signature.objects.filter(**own).select_related("person").order_by("at", "id")),
        sittings=list(Sitting.objects.filter(**own).select_related("room").order_by("starts_at", "id")),
        invitations=list(Invitation.objects.filter(**own).order_by("party")),
        talks=talks.held_by(case.pk, post.person_id),
        instalments=list(Instalment.objects.filter(**own).order_by("due_on", "position", "id")),
        remarks=list(Remark.objects.filter(**own).order_by("event_number", "id")),
        readers=list(
            Reader.objects.filter(**own, ended_at=None).select_related("person", "named_by").order_by("since")
        ),
        readings=Openings(case).newest(size=READINGS_SHOWN),
        events=list(
            Event.objects.filter(**own).select_related("person", "organisation", "unit").order_by("number")
        ),
        clocks=list(Clock.objects.filter(**own).select_related("organisation").order_by("number")),
        tasks=list(Task.objects.filter(**own).select_related("organisation").order_by("number")),
    )
    if not file.is_mediator:
        file.sittings = [each for each in file.sittings if each.kind == SittingKind.JOINT]
        joint = {each.id for each in file.sittings}
        file.invitations = [each for each in file.invitations if each.sitting in joint]
    return file


def outlines(matters: Sequence[Mediation], post: Actor, at: datetime) -> list[MediationFile]:
    """Files that hold what decides the next step and nothing else, for many cases in seven statements."""
    ids = [matter.case_id for matter in matters]
    found: dict[type[Any], dict[UUID, list[Any]]] = {}
    ordered: list[tuple[type[Any], QuerySet[Any]]] = [
        (Party, Party.objects.order_by("number")),
        (Assent, Assent.objects.order_by("at", "id")),
        (Assignment, Assignment.objects.select_related("person").order_by("role", "since", "id")),
        (Barrier, Barrier.objects.select_related("person").order_by("at", "id")),
        (Paper, Paper.objects.current().order_by("at", "id")),
        (Signature, Signature.objects.valid().defer("image", "strokes").order_by("at", "id")),
        (Instalment, Instalment.objects.order_by("due_on", "position", "id")),
    ]
    for model, rows in ordered:
        by_case = found.setdefault(model, {})
        for row in rows.filter(case_id__in=ids):
            by_case.setdefault(row.case_id, []).append(row)
    return [_outline(matter, post, at, found) for matter in matters]


def _outline(
    matter: Mediation, post: Actor, at: datetime, found: Mapping[type[Any], Mapping[UUID, list[Any]]]
) -> MediationFile:
    def of(model: type[Any]) -> list[Any]:
        return found[model].get(matter.case_id, [])

    return MediationFile(
        case=matter.case,
        matter=matter,
        post=post,
        at=at,
        parties=of(Party),
        companions=[],
        answers=of(Assent),
        assigned=of(Assignment),
        barriers=of(Barrier),
        papers=of(Paper),
        signatures=of(Signature),
        sittings=[],
        invitations=[],
        talks=[],
        instalments=of(Instalment),
        remarks=[],
        readers=[],
        readings=[],
        events=[],
        clocks=[],
        tasks=[],
    )

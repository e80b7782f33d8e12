"""What one party sees of its mediation: its own part and the joint part, and nothing that tells of anybody else's.

Every question below is asked whatever the case holds, so neither the number of queries nor the size, order or moment
of anything shown depends on another party's separate talks, sittings, papers or answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Q

from linli.cases.models import Case
from linli.cases.procedures import Procedure
from linli.cases.procedures import story as stories
from linli.mediation.actions import reading, sittings, talks
from linli.mediation.models import (
    Assent,
    Assignment,
    AssignmentRole,
    Companion,
    CompanionRole,
    Instalment,
    Mediation,
    Paper,
    PaperKind,
    Party,
    Remark,
    Signature,
    Signer,
    Sitting,
    SittingKind,
    SittingState,
    Talk,
)
from linli.mediation.rules.papers import missing_points
from linli.people.access import Actor
from linli.portal.views.progress import Progress, Promise, names_in
from linli.privacy.actions import seen
from linli.privacy.actions.seen import Seen

# Who signed or filed what stands with the papers one may see; told as events, it would tell of the others' own, too.
UNTOLD = frozenset({"sign", "sign_as_staff", "seal", "write", "note"})
# These give telephone, age and address of whoever they name, so each party reads only its own.
IDENTIFYING = (PaperKind.APPLICATION, PaperKind.REGISTER, PaperKind.IDENTITY, PaperKind.AUTHORITY)
SIGNED_BY_PARTIES = (
    PaperKind.APPLICATION,
    PaperKind.RIGHTS,
    PaperKind.AUTHORITY,
    PaperKind.RECORD,
    PaperKind.AGREEMENT,
    PaperKind.ORAL,
    PaperKind.PERFORMANCE,
    PaperKind.FOLLOW_UP,
    PaperKind.CONFIRMATION,
    PaperKind.LEGAL_AID,
)
CLOCK_OF = {
    **dict.fromkeys(("applied", "diverted", "consent_check"), "accepting"),
    **dict.fromkeys(("performing", "breached"), "performance"),
}
AGREED = ("agreement_written", "performing", "performed", "breached", "followed_up", "archived")
WITHOUT_AGREEMENT = ("failed", "terminated", "expired", "breached", "not_accepted")


@dataclass(frozen=True)
class Filed:
    """A paper a party may read, who signed it, and whether it waits for this party."""

    paper: Paper
    signatures: tuple[Signature, ...]
    is_mine: bool
    own_signature: Signature | None
    is_waiting: bool
    is_changed: bool  # this party signed an earlier text of it

    @property
    def label(self) -> str:
        return str(PaperKind(self.paper.kind).label)

    @property
    def print(self) -> str:
        """The beginning of the fingerprint, in the groups people compare."""
        return f"{self.paper.sha256[:4]} {self.paper.sha256[4:8]}"


@dataclass(frozen=True)
class Meeting:
    """A session this party is asked to: a joint one, or its own talk."""

    sitting: Sitting
    answer: str
    note: str
    is_coming: bool

    @property
    def is_separate(self) -> bool:
        return bool(self.sitting.kind == SittingKind.SEPARATE)


def find_mine(named: tuple[UUID, int], at: datetime) -> Mine | None:
    """A case as the party with that number sees it; None where there is no such party any more."""
    case_id, number = named
    party = Party.objects.filter(case_id=case_id, number=number).first()
    case = Case.objects.select_related("place", "holder").filter(pk=case_id).first()
    return Mine(case, party, at) if case is not None and party is not None else None


class Mine(Progress):
    """A mediation at one moment, as one of its parties sees it."""

    def __init__(self, case: Case, party: Party, at: datetime) -> None:
        super().__init__(case, at)
        self.party = party
        self.number = int(party.number)

    @property
    def actor(self) -> Actor:
        return Actor.party(self.case.pk)

    @property
    def is_here(self) -> bool:
        """Whether this party is still in it, so that it may answer and sign."""
        return self.party.withdrawn_at is None

    @cached_property
    def matter(self) -> Mediation:
        return Mediation.objects.select_related("category").get(pk=self.case.pk)

    # Who has it, until when ----------------------------------------------------------------------

    @property
    def now(self) -> Promise | None:
        """The clock that counts for the parties at this stage."""
        return self.promise(CLOCK_OF.get(self.case.state, "term"))

    @property
    def accepting(self) -> Promise | None:
        return self.promise("accepting")

    @property
    def confirming(self) -> Promise | None:
        return self.promise("confirmation")

    # The people ----------------------------------------------------------------------------------

    @cached_property
    def parties(self) -> list[Party]:
        return list(Party.objects.filter(case_id=self.case.pk).order_by("number"))

    @property
    def other_parties(self) -> list[Party]:
        """The other parties: of them a party learns the name and the side, nothing more."""
        return [party for party in self.parties if party.number != self.number]

    def name_of(self, number: int | None) -> str:
        return next((party.name for party in self.parties if party.number == number), "")

    @cached_property
    def assignments(self) -> list[Assignment]:
        rows = Assignment.objects.filter(case_id=self.case.pk).select_related("person")
        return list(rows.order_by("since", "id"))

    @property
    def mediators(self) -> list[Assignment]:
        return [
            each
            for each in self.assignments
            if each.ended_at is None and each.role == AssignmentRole.MEDIATOR
        ]

    @property
    def recorders(self) -> list[Assignment]:
        return [
            each
            for each in self.assignments
            if each.ended_at is None and each.role == AssignmentRole.RECORDER
        ]

    @cached_property
    def companions(self) -> list[Companion]:
        return list(Companion.objects.filter(case_id=self.case.pk, ended_at=None).order_by("id"))

    @property
    def helpers(self) -> list[Companion]:
        return [each for each in self.companions if each.role == CompanionRole.HELPER]

    @property
    def speakers(self) -> list[Companion]:
        """Who speaks for somebody: agents and representatives, of every side."""
        return [each for each in self.companions if each.role != CompanionRole.HELPER]

    # What this party said -------------------------------------------------------------------------

    @cached_property
    def assents(self) -> dict[tuple[str, UUID | None], Assent]:
        """Its last answer on each matter; never another party's."""
        rows = Assent.objects.filter(case_id=self.case.pk, party=self.number).order_by("at", "id")
        return {(row.matter, row.about): row for row in rows}

    @cached_property
    def talks(self) -> list[Talk]:
        """What this party said in separate talks."""
        return talks.talks_of_party(self.case.pk, self.number)

    @cached_property
    def released(self) -> list[tuple[str, Talk]]:
        """What others have let everybody read, and who said it."""
        released = talks.released(self.case.pk)
        return [(self.name_of(talk.party), talk) for talk in released if talk.party != self.number]

    @property
    def may_release(self) -> bool:
        return self.is_here and self.case.state in self.case.procedure.moves["release"].origins

    @cached_property
    def remarks(self) -> list[Remark]:
        seen = Q(is_joint=True) | Q(party=self.number)
        return list(Remark.objects.filter(seen, case_id=self.case.pk).order_by("event_number", "id"))

    # Sessions ------------------------------------------------------------------------------------

    @cached_property
    def meetings(self) -> list[Meeting]:
        return [
            Meeting(
                each.sitting,
                each.answer,
                each.invitation.note if each.invitation else "",
                each.sitting.state == SittingState.PLANNED and each.sitting.starts_at > self.at,
            )
            for each in sittings.sittings_of_party(self.case.pk, self.number)
        ]

    @property
    def coming(self) -> list[Meeting]:
        return [each for each in self.meetings if each.is_coming]

    @property
    def past(self) -> list[Meeting]:
        return [each for each in self.meetings if not each.is_coming]

    # Papers --------------------------------------------------------------------------------------

    @cached_property
    def papers(self) -> list[Filed]:
        """Joint papers and this party's own, in force, in the order of the file."""
        seen = Q(party=self.number) | (Q(is_joint=True) & ~Q(kind__in=IDENTIFYING))
        readable = Paper.objects.filter(seen, case_id=self.case.pk)
        papers = list(readable.order_by("at", "id"))
        under = Signature.objects.filter(case_id=self.case.pk, paper__in=readable.values("id"))
        signed = list(under.order_by("at", "id"))
        order = {kind: place for place, kind in enumerate(PaperKind.values)}
        current = sorted((paper for paper in papers if paper.is_current), key=lambda paper: order[paper.kind])
        return [self._filed(paper, papers, signed) for paper in current if self._is_ready(paper, signed)]

    def _is_ready(self, paper: Paper, signed: list[Signature]) -> bool:
        """Whether a joint paper is more than a draft. When and how drafts change could tell of separate talks."""
        if paper.party == self.number or any(each.paper == paper.id for each in signed):
            return True
        if paper.kind == PaperKind.AGREEMENT:
            return self.case.state in AGREED
        return paper.kind != PaperKind.RECORD or not missing_points(paper)

    def _filed(self, paper: Paper, papers: list[Paper], signed: list[Signature]) -> Filed:
        under = [each for each in signed if each.paper == paper.id and each.voided_at is None]
        own = next((each for each in under if self._is_mine(each)), None)
        line = {each.id for each in papers if each.lineage == paper.lineage and each.id != paper.id}
        return Filed(
            paper,
            tuple(under),
            paper.party == self.number,
            own,
            own is None and self._asks_for_me(paper),
            own is None and any(each.paper in line and self._is_mine(each) for each in signed),
        )

    def _is_mine(self, signature: Signature) -> bool:
        return bool(signature.signer == Signer.PARTY and signature.party == self.number)

    def _asks_for_me(self, paper: Paper) -> bool:
        """Whether this paper can be signed by this party now."""
        if not self.is_here or paper.kind not in SIGNED_BY_PARTIES:
            return False
        if paper.kind == PaperKind.AGREEMENT and self.case.state != "agreement_written":
            return False
        return self.case.state in self.case.procedure.moves["sign"].origins

    def paper(self, paper_id: UUID) -> Filed | None:
        return next((each for each in self.papers if each.paper.id == paper_id), None)

    # Performance ---------------------------------------------------------------------------------

    @cached_property
    def instalments(self) -> list[Instalment]:
        rows = Instalment.objects.filter(case_id=self.case.pk)
        return list(rows.order_by("due_on", "position", "id"))

    @property
    def mine_to_do(self) -> list[Instalment]:
        return [each for each in self.instalments if each.party == self.number]

    @property
    def theirs_to_do(self) -> list[tuple[str, Instalment]]:
        return [(self.name_of(each.party), each) for each in self.instalments if each.party != self.number]

    @property
    def is_without_agreement(self) -> bool:
        """Whether the other routes of the law are what comes next."""
        return self.case.state in WITHOUT_AGREEMENT or self.matter.routes_told_at is not None

    # Who looked ----------------------------------------------------------------------------------

    @cached_property
    def openings(self) -> list[Seen]:
        """Who opened it last, besides its mediators: when those work on it could tell of separate talks."""
        return list(seen.page(reading.seen_by_parties(self.case), size=3).rows)

    # What happened -------------------------------------------------------------------------------

    @cached_property
    def trail(self) -> list[stories.Line]:
        """The joint steps, oldest first. Moves of parties are told without saying whose they were."""
        procedure = self.case.procedure
        shown = [event for event in self.events if event.is_public and event.verb not in UNTOLD]
        names = names_in(shown, procedure)
        said = {each.event_number: each.text for each in self.remarks}
        lines = []
        for event in shown:
            line = stories.story(event, procedure, "public", names)
            if event.number == 1 or event.actor_kind == "reporter":
                line = replace(line, title=self._done(event.kind, procedure), where="")
            if event.number in said:
                line = replace(line, quotes=(*line.quotes, stories.Quote("", said[event.number])))
            lines.append(line)
        if lines and self.case.is_open:
            lines[-1] = replace(lines[-1], state="now")
        return lines

    @staticmethod
    def _done(kind: str, procedure: Procedure) -> str:
        return str(procedure.move_of(kind).done)

"""The rules of the law, said once more from the rows alone: what must hold of a mediation whatever was tried.

None of this calls the conditions it checks.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from linli.cases.models import Case, Clock, Event
from linli.cases.procedures import calendar
from linli.kit.ids import derived
from linli.mediation.models import Assent, Assignment, Barrier, Mediation, Paper, Party, Signature
from linli.mediation.tests.walk import GOOD_TEST

IN_EFFECT = {"performing", "performed", "breached", "followed_up"}
ENDED_WITHOUT = {"failed", "expired", "terminated"}
RUNNING = {"diverted", "consent_check", "accepted", "mediator_assigned", "in_mediation", "agreement_written"}


class Broken(AssertionError):
    """A rule does not hold; `rule` is its number."""

    def __init__(self, rule: int, said: str) -> None:
        self.rule = rule
        super().__init__(f"rule {rule}: {said}")


def must(rule: int, holds: Any, said: str) -> None:
    if not holds:
        raise Broken(rule, said)


def last_answers(case_id: UUID, matter: str, about: UUID | None = None) -> dict[int, bool]:
    rows = sorted(
        Assent.objects.filter(case_id=case_id, matter=matter, about=about), key=lambda row: (row.at, row.id)
    )
    return {row.party: row.answer for row in rows}


class Watch:
    """Looks at one case after every step; each new event is judged by the rows as they stand at that moment."""

    def __init__(self, case_id: UUID) -> None:
        self.case_id = case_id
        self.seen = 0
        self.state = ""
        self.kinds: set[str] = set()

    def look(self) -> None:
        case = Case.objects.get(pk=self.case_id)
        matter = Mediation.objects.get(pk=self.case_id)
        events = list(Event.objects.filter(case_id=self.case_id).order_by("number"))
        for event in events[self.seen :]:
            self.kinds.add(event.verb)
            if event.verb == "extend":
                self.check_extension(case)
            if event.state == "in_mediation" and self.state != "in_mediation":
                self.check_entry()
            if event.verb == "accept":
                must(3, matter.test == GOOD_TEST, f"accepted on {matter.test}")
            if event.verb in ("take_effect", "agree_orally"):
                self.check_effect(matter, event)
            self.state = event.state
        self.seen = len(events)
        self.check_standing(case, matter, events)

    def present(self) -> list[Party]:
        return list(Party.objects.filter(case_id=self.case_id, withdrawn_at=None))

    def check_entry(self) -> None:
        willing, known = last_answers(self.case_id, "willing"), last_answers(self.case_id, "rights")
        notices = Paper.objects.filter(case_id=self.case_id, kind="rights_notice", is_current=True)
        signed = {each.party for paper in notices for each in self.standing(paper)}
        must(1, {party.side for party in self.present()} == {"applicant", "respondent"}, "one side alone")
        for party in self.present():
            must(1, willing.get(party.number) is True, f"party {party.number} is not willing")
            told = known.get(party.number) is True or party.number in signed
            must(4, told, f"party {party.number} was not told its rights")

    def standing(self, paper: Paper) -> list[Signature]:
        """The signatures that stand under the very text of a paper."""
        sha256 = hashlib.sha256(paper.text.encode()).hexdigest()
        rows = Signature.objects.filter(case_id=self.case_id, paper=paper.id, voided_at=None)
        return [row for row in rows if row.sha256 == sha256 == paper.sha256]

    def lacks(self, paper: Paper) -> list[str]:
        signatures = self.standing(paper)
        parties = {each.party for each in signatures if each.signer == "party"}
        mediators = set(
            Assignment.objects.filter(case_id=self.case_id, role="mediator").values_list("person", flat=True)
        )
        found = [f"party {each.number}" for each in self.present() if each.number not in parties]
        if not any(each.signer == "mediator" and each.person_id in mediators for each in signatures):
            found.append("mediator")
        return found + ([] if any(each.signer == "seal" for each in signatures) else ["seal"])

    def agreements(self, kind: str = "agreement") -> list[Paper]:
        rows = Paper.objects.filter(case_id=self.case_id, kind=kind, is_current=True)
        return list(rows.order_by("at", "id"))

    def check_effect(self, matter: Mediation, event: Event) -> None:
        today = timezone.localtime(event.received_at).date()
        must(5, matter.effective_at is not None, "in effect at no moment")
        must(5, (matter.effective_at, matter.effective_on) == (event.received_at, today), "another day")
        if event.verb == "agree_orally":
            must(5, matter.form == "oral" and self.agreements("oral_agreement"), "nothing was noted")
            said = last_answers(self.case_id, "oral")
            must(5, all(said.get(party.number) for party in self.present()), "somebody did not agree")
        else:
            papers = self.agreements()
            must(5, matter.form == "written" and papers, "nothing was written")
            must(5, not self.lacks(papers[-1]), f"{self.lacks(papers[-1])} missing")
            latest = max(each.at for each in self.standing(papers[-1]))
            must(5, matter.effective_at == latest, "not the moment of the last signature")
        self.check_window(matter, event)

    def check_window(self, matter: Mediation, event: Event) -> None:
        """Thirty days, and on to the next working day; none where a court may not confirm."""
        clocks = list(Clock.objects.filter(case_id=self.case_id, name="confirmation", stopped_at=None))
        kind = "agreement" if event.verb == "take_effect" else "oral_agreement"
        bar = self.agreements(kind)[-1].content.get("bar", "")
        must(6, matter.bar == bar, "another bar than agreed")
        if bar:
            must(6, not clocks and matter.confirmation == "barred", "a window for what cannot be confirmed")
            return
        must(6, len(clocks) == 1 and matter.confirmation == "window_open", "no window")
        assert matter.effective_on is not None
        assert clocks[0].due_at is not None
        day, known = matter.effective_on + timedelta(days=30), calendar.current()
        while not known.is_working(day):
            day += timedelta(days=1)
        ends = timezone.localtime(clocks[0].due_at - timedelta(seconds=1)).date()
        must(6, ends == day, f"the window ends on {ends}, not on {day}")

    def check_extension(self, case: Case) -> None:
        said = last_answers(self.case_id, "extension", derived(case.pk, f"extension{case.extensions - 1}"))
        for party in self.present():
            must(8, said.get(party.number) is True, f"party {party.number} did not agree to this extension")

    def check_standing(self, case: Case, matter: Mediation, events: list[Event]) -> None:
        """What holds at every moment, not of one step only."""
        if matter.form == "written":
            papers = self.agreements()
            must(5, papers and not self.lacks(papers[-1]), "in effect, and not signed under its text")
        if case.state == "agreement_written":
            papers = self.agreements()
            must(5, not papers or self.lacks(papers[-1]), "all signed, and not in effect")
        must(5, (matter.effective_at is None) == (matter.form == ""), "a form without effect")
        if case.state in IN_EFFECT:
            must(5, matter.effective_at is not None, f"{case.state} without an agreement in effect")
        self.check_people()
        self.check_clocks(case, matter, events)
        if case.state == "archived":
            self.check_archive(matter, events)

    def check_people(self) -> None:
        parties = list(Party.objects.filter(case_id=self.case_id))
        barred = set(Barrier.objects.filter(case_id=self.case_id).values_list("person", flat=True))
        for each in Assignment.objects.filter(case_id=self.case_id, ended_at=None).select_related("person"):
            must(9, each.person_id not in barred, f"{each.person.name} is barred")
            same = [party for party in parties if party.person_id == each.person_id]
            same += [party for party in parties if party.name == each.person.name and not party.phone]
            must(9, not same, f"{each.person.name} is a party")

    def check_clocks(self, case: Case, matter: Mediation, events: list[Event]) -> None:
        missed = {event.facts.get("clock") for event in events if event.verb == "clock_missed"}
        if case.state == "expired":
            must(8, "term" in missed and matter.outcome == "expired", "expired before the time limit")
        clocks = {
            clock.name: clock
            for clock in Clock.objects.filter(case_id=self.case_id, stopped_at=None).order_by("number")
        }
        term = clocks.get("term")
        if term is not None and term.missed_at is not None:
            must(8, case.state not in RUNNING, f"{case.state} after the time limit")
        window = clocks.get("confirmation")
        if window is not None and window.missed_at is not None:
            must(6, matter.confirmation != "window_open", "the window never closes")

    def check_archive(self, matter: Mediation, events: list[Event]) -> None:
        papers = list(Paper.objects.filter(case_id=self.case_id, is_current=True))
        kinds = {paper.kind for paper in papers}
        must(11, kinds & {"application", "register"}, "neither application nor register")
        must(11, kinds >= {"rights_notice", "identity"}, f"only {kinds}")
        if matter.outcome == "succeeded":
            must(11, kinds & {"agreement", "oral_agreement"}, "no agreement")
        if matter.outcome in ("succeeded", "failed"):
            records = [paper.content["points"][:6] for paper in papers if paper.kind == "record"]
            must(11, records and all(all(points) for points in records), "no full record")
        if matter.outcome in ENDED_WITHOUT:
            told = [event for event in events if event.data.get("route") and event.verb != "decline"]
            must(7, told and matter.routes_told_at, "nobody was told the other routes")

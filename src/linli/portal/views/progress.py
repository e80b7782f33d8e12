"""What the person who reported sees of a case: the same on the receipt and under the tracking code.

Never who else reported it, never internal notes, never the names of staff or residents; units are named. A case
merged into another shows the public steps of that one, but nothing its reporter wrote or photographed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from linli.cases import actions as cases
from linli.cases.models import Case, Clock, Event, Referral, Task
from linli.cases.procedures import Procedure, State
from linli.cases.procedures import story as stories
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Derivation, remaining
from linli.documents.models import Attachment, Purpose
from linli.orgs.models import Organisation
from linli.people import scope
from linli.people.access import Actor
from linli.portal.views.places import full_label, short_label
from linli.privacy.actions import seen
from linli.privacy.actions.openings import Openings
from linli.privacy.actions.seen import Seen
from linli.service_requests.actions import told
from linli.service_requests.models import Category, Request

UNITS = ("organisation__parent", "unit__parent")


@dataclass(frozen=True)
class Promise:
    """A promised date: which, its limit, when, how it was worked out, and how it stands."""

    label: str
    due_at: datetime | None
    derivation: Derivation
    words: str
    state: str
    stopped_at: datetime | None

    @property
    def lines(self) -> list[Any]:
        return self.derivation.lines()


class Progress:
    """A case at one moment, as its reporter sees it. Everything is asked for once, when first needed."""

    def __init__(self, case: Case, at: datetime) -> None:
        self.case = case
        self.at = at

    @cached_property
    def head(self) -> Case | None:
        """The case this one was merged into."""
        if self.case.group is None or self.case.group == self.case.pk:
            return None
        scope.admit(self.case.group)
        return Case.objects.select_related("place", "holder").filter(pk=self.case.group).first()

    @property
    def subject(self) -> Case:
        """The case whose state tells how things stand: the head, while this one is merged into it."""
        return self.head if self.head is not None and self.case.state == "merged" else self.case

    @cached_property
    def request(self) -> Request:
        return Request.objects.get(pk=self.case.pk)

    @cached_property
    def category(self) -> Category | None:
        return Category.objects.filter(pk=self.case.category).select_related("parent").first()

    @cached_property
    def answers(self) -> list[tuple[str, str]]:
        """What was answered to the questions of the category it was reported under."""
        said = self.events[0].data or {} if self.events else {}
        return told(str(said.get("category", "")), said.get("answers", {}))

    @cached_property
    def place(self) -> str:
        return full_label(self.case.place) if self.case.place else ""

    @cached_property
    def events(self) -> list[Event]:
        return list(Event.objects.filter(case_id=self.case.pk).select_related(*UNITS).order_by("number"))

    @cached_property
    def clocks(self) -> list[Clock]:
        return list(Clock.objects.filter(case_id=self.case.pk).order_by("number"))

    @cached_property
    def tasks(self) -> list[Task]:
        tasks = Task.objects.filter(case_id=self.subject.pk)
        return list(tasks.select_related("organisation__parent").order_by("number"))

    @cached_property
    def others(self) -> int:
        """How many other reports of the same matter there are."""
        if self.case.group is None:
            return 0
        with scope.everything():  # a number alone, of cases the reader may not see
            return Case.objects.filter(group=self.case.group).exclude(pk=self.case.pk).count()

    # Who has it, until when ----------------------------------------------------------------------

    @property
    def holder(self) -> Organisation | None:
        """The unit at whose desk it waits now."""
        stage = next((task for task in self.tasks if task.is_stage), None)
        return stage.organisation if stage else self.subject.holder

    @property
    def holder_label(self) -> str:
        return short_label(self.holder) if self.holder else ""

    @property
    def stage(self) -> State:
        """How things stand, in public words."""
        return self.case.stage

    def promise(self, name: str = "") -> Promise | None:
        """The latest clock of that name; the resident's own unless another is asked for."""
        procedure = self.case.procedure
        rule = procedure.clocks[name or procedure.promise.name]
        clock = next((c for c in reversed(self.clocks) if c.name == rule.name), None)
        if clock is None:
            return None
        derivation = cases.derive(self.case.pk, clock, self.events)
        words, state = _standing(clock, self.at)
        return Promise(str(rule.label), clock.due_at, derivation, words, state, clock.stopped_at)

    # What happened -------------------------------------------------------------------------------

    @cached_property
    def trail(self) -> list[stories.Line]:
        """Every step the reporter may read, oldest first, the last one lit while the case is open."""
        procedure = self.case.procedure
        shown = [event for event in self.events if stories.is_for_reporter(event)]
        names = names_in(shown, procedure)
        lines = [stories.story(event, procedure, "public", names) for event in shown]
        lines += self._steps_of_head(procedure)
        lines.sort(key=lambda line: line.at)
        seen = {str(photo.id) for photo in self.photos}
        lines = [replace(line, photos=tuple(p for p in line.photos if p in seen)) for line in lines]
        if lines and self.case.is_open:
            lines[-1] = replace(lines[-1], state="now")
        return lines

    def _steps_of_head(self, procedure: Procedure) -> list[stories.Line]:
        """What units did about the case this one was merged into. Its reporter's own words stay out."""
        if self.head is None:
            return []
        public = Event.objects.filter(case_id=self.head.pk, is_public=True).exclude(actor_kind="reporter")
        told = [event for event in public.select_related(*UNITS).order_by("number") if event.number > 1]
        told = [event for event in told if event.verb not in ("member_joined", "correct")]
        names = names_in(told, procedure)
        return [stories.story(event, procedure, "public", names) for event in told]

    @cached_property
    def mediations(self) -> list[Referral]:
        """The mediations it was referred to, and how each came out so far."""
        if "refer" not in {event.verb for event in self.events}:
            return []
        return list(Referral.objects.filter(case_id=self.case.pk).order_by("at"))

    @cached_property
    def photos(self) -> list[Attachment]:
        return photos_for(self.case, self.head)

    @cached_property
    def openings(self) -> list[Seen]:
        """Who opened it last."""
        return list(seen.page(Openings(self.case), size=3).rows)

    @cached_property
    def broken(self) -> list[seen.Broken]:
        """Who opened it from outside its area."""
        return seen.broken(self.case)

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The procedure, with where the case stands."""
        procedure, stage = self.case.procedure, self.subject.stage
        now = _step_of(stage, procedure, self.events)
        said = stage.public if self.subject is self.case else stage.told_others
        return [
            {
                "label": state.step_label,
                "state": "now" if state.step == now else "done" if (state.step or 0) < now else "",
                "note": said if state.step == now and stage.step is None else "",
            }
            for state in procedure.steps
        ]

    def moves(self) -> list[Any]:
        """What the reporter may do now."""
        return cases.moves_for(self.case, Actor.reporter(self.case.pk), self.tasks, self.clocks, self.at)


def photos_for(case: Case, head: Case | None) -> list[Attachment]:
    """The photos a reporter may see: those of their own case, and those units took for the head."""
    own = Attachment.objects.of_case(case.pk).public()
    found = list(own)
    if head is not None:
        work = (Purpose.PROGRESS, Purpose.FEEDBACK, Purpose.VERIFICATION)
        found += list(Attachment.objects.of_case(head.pk).public().filter(purpose__in=work))
    return found


def names_in(events: list[Event], procedure: Procedure) -> dict[str, str]:
    mentioned = stories.mentioned(events, procedure)
    units = [name for name in mentioned if len(name) == 36]
    codes = [name for name in mentioned if len(name) != 36]
    names: dict[str, str] = {}
    if units:
        found = Organisation.objects.filter(pk__in=units).select_related("parent")
        names |= {str(unit.pk): short_label(unit) for unit in found}
    if codes:
        names |= {category.code: category.label for category in Category.objects.filter(pk__in=codes)}
    return names


def _standing(clock: Clock, at: datetime) -> tuple[str, str]:
    """How a clock stands: its words and the state of its picture. A stopped clock keeps no words of its own."""
    if clock.stopped_at is not None:
        late = clock.due_at is not None and clock.stopped_at > clock.due_at
        return "", "late" if late else "done"
    if clock.paused_at is not None or clock.due_at is None:
        return "", "paused"
    left = remaining(clock.due_at, at, current())
    state = "late" if left.is_late else "soon" if left.is_soon else ""
    return left.words, state


def _step_of(stage: State, procedure: Procedure, events: list[Event]) -> int:
    """The step of the main line on which a state stands; a branch stands where it left the line."""
    if stage.step is not None:
        return stage.step
    if stage.desk is not None and stage.desk.role == "handler":
        return procedure.states["in_progress"].step or 1
    passed = [procedure.states[event.state] for event in events if event.state in procedure.states]
    last = next((state for state in reversed(passed) if state.step is not None), None)
    if last is None or last.step is None:
        return 1
    return last.step if last.is_open or not stage.is_open else 2

"""The mediator's desk: today's sessions, one's own cases by urgency, and what waits for the committee."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from linli.cases.models import Case, Task
from linli.kit import clock
from linli.kit.sealing import KeyringError
from linli.mediation.actions import calendars
from linli.mediation.models import Assignment, Mediation, Sitting
from linli.people.access import Actor, post_of, requires
from linli.people.models import Person
from linli.web.views import shell
from linli.web.views.rows import Due, due_of, place_words

from .file import MediationFile, outlines
from .waiting import missing

SHOWN = 100
COMMITTEE = ("to_take", "to_ask", "to_appoint", "supervised")
CENTRE = ("to_assign", "escalated")


@dataclass(frozen=True)
class Line:
    """A case as a list shows it: nothing of its content, which opens behind the gate alone."""

    case: Case
    category: str
    file_number: str
    where: str
    due: Due
    why: str
    next: str
    href: str


@dataclass(frozen=True)
class Today:
    """A session of the day."""

    sitting: Sitting
    case: Case
    where: str


def line(matter: Mediation, at: datetime, why: str = "", *, generic: bool = False) -> Line:
    case = matter.case
    name = "web:case" if generic else "web:mediation"
    return Line(
        case=case,
        category=matter.category.label,
        file_number=matter.file_number,
        where=place_words(case),
        due=due_of(case, case.urgent_at, at),
        why=why or str(case.stage.label),
        next="",
        href=reverse(name, args=[case.number]),
    )


def assigned(person_id: UUID | None) -> QuerySet[Mediation]:
    """The open cases somebody mediates or keeps the record of."""
    mine = Assignment.objects.current().filter(person=person_id).values("case_id")
    return Mediation.objects.filter(pk__in=mine, case__is_open=True)


def desk_tasks(post: Actor) -> QuerySet[Task]:
    """What waits for the committee or the centre to take, ask, appoint or assign."""
    return shell.waiting(post).filter(why__in=COMMITTEE + CENTRE)


def waiting_here(post: Actor, at: datetime) -> list[Line]:
    """The most urgent of it first."""
    return of_tasks(list(desk_tasks(post).order_by("urgent_at", "case_id")[:SHOWN]), at)


def of_tasks(tasks: list[Task], at: datetime) -> list[Line]:
    known = {
        matter.pk: matter
        for matter in joined(Mediation.objects.filter(pk__in=[task.case_id for task in tasks]))
    }
    return [
        line(known[task.case_id], at, _why(task, known[task.case_id]), generic=task.why not in OPENED)
        for task in tasks
        if task.case_id in known
    ]


OPENED = ("to_ask", "to_appoint")


def _why(task: Task, matter: Mediation) -> str:
    return str(matter.case.procedure.whys.get(task.why, task.why))


def joined(matters: QuerySet[Mediation]) -> QuerySet[Mediation]:
    return matters.select_related("case__place__parent", "case__holder", "category")


def _today(post: Actor, at: datetime) -> list[Today]:
    person = Person.objects.filter(pk=post.person_id).first()
    if person is None:
        return []
    sittings = calendars.day_of(person, timezone.localtime(at).date())
    cases = Case.objects.in_bulk([each.case_id for each in sittings])
    return [Today(each, cases[each.case_id], calendars.where(each)) for each in sittings]


@requires("mediation.accept")
@require_safe
def mediations(request: HttpRequest) -> HttpResponse:
    """The same statements however many cases."""
    post, at = post_of(request), clock.now()
    urgent = F("case__urgent_at").asc(nulls_last=True)
    mine = joined(assigned(post.person_id)).order_by(urgent, "case_id")[:SHOWN]
    context = {
        "at": at,
        "today": _today(post, at),
        "mine": with_whys(mine, post, at),
        "waiting": waiting_here(post, at),
        "may_board": post.may("mediation.view"),
        "may_screen": post.may("mediation.screen"),
        "may_register": post.may("mediation.register"),
        "is_mediator": post.may("mediation.mediate"),
    }
    return render(request, "web/mediations/mine.html", context)


def with_whys(matters: Iterable[Mediation], post: Actor, at: datetime) -> list[Line]:
    """One's own cases with what each waits for and how much is missing, in numbers alone: names are content."""
    found = list(matters)
    tasks = Task.objects.filter(case_id__in=[matter.pk for matter in found], is_stage=True)
    whys = {task.case_id: task for task in tasks}
    lines = []
    for file in outlines(found, post, at):
        matter = file.matter
        why = _why(whys[matter.pk], matter) if matter.pk in whys else ""
        lines.append(replace(line(matter, at, why), next=_lacking(file)))
    return lines


def _lacking(file: MediationFile) -> str:
    """What is missing; nothing while the keys are away, for the list and its dates stand without content."""
    try:
        lacks = missing(file)
    except KeyringError:
        return ""
    return str(lacks.title) if lacks.things else ""

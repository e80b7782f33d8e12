"""Disputes: one's own side of them. What was said opens behind a gate that writes down who opened it and for what."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from ninja import Query

from linli.cases.models import Case
from linli.mediation.actions import reading
from linli.mediation.models import (
    Assignment,
    AssignmentRole,
    Instalment,
    Mediation,
    Paper,
    Party,
    Remark,
    Sitting,
    SittingKind,
)
from linli.people.access import Actor
from linli.privacy.actions import reads
from linli.privacy.models import Group

from . import cases_of, questions, schemas, shapes
from .door import visit_of
from .operations import READ, operation

TAG = gettext_lazy("人民调解")
WHAT = "api"


@operation(
    "GET",
    "/disputes",
    id="list_disputes",
    scope=READ,
    tag=TAG,
    summary=gettext_lazy("本岗位看得到的纠纷"),
    description=gettext_lazy("只有办理到哪一步，没有当事人、没有案情。"),
    query=questions.CaseFilters,
    response=schemas.Disputes,
    problems=("not-allowed",),
    pages=True,
)
def list_disputes(request: HttpRequest, asked: Query[questions.CaseFilters]) -> dict[str, Any]:
    page = cases_of.page_of(request, cases_of.DISPUTES, asked)
    names = shapes.names_of(page.rows)
    rows = [shapes.case_row(case, names) for case in page.rows]
    return {"disputes": rows, "next": shapes.turned(request, page.more)}


@operation(
    "GET",
    "/disputes/{number}",
    id="get_dispute",
    scope=READ,
    tag=TAG,
    summary=gettext_lazy("一件纠纷办到哪一步"),
    description=gettext_lazy("may_open：这个岗位能不能打开案情（/disputes/{number}/content）。"),
    response=schemas.DisputeOut,
    problems=("not-found",),
    has_etag=True,
    path_examples={"number": "260930-9TRW"},
)
def get_dispute(request: HttpRequest, number: str) -> dict[str, Any]:
    visit = visit_of(request)
    case = cases_of.find(request, number, shapes.MEDIATIONS)
    matter = Mediation.objects.get(pk=case.pk)
    reads.note(case=case, by=visit.actor, what="api_steps", groups=[Group.HISTORY], at=visit.at)
    visit.headers["ETag"] = shapes.tag(case)
    return {
        **cases_of.full(case, visit.actor),
        "file_number": matter.file_number,
        "source": matter.source,
        "accepted_on": matter.accepted_on,
        "ended_on": matter.ended_on,
        "outcome": matter.outcome,
        "may_open": reading.may_read(case.pk, visit.actor),
    }


@operation(
    "GET",
    "/disputes/{number}/content",
    id="open_dispute",
    scope=READ,
    tag=TAG,
    summary=gettext_lazy("打开一件纠纷的案情"),
    description=gettext_lazy(
        "只有本案调解员、点名的人和正在受理它的委员会打得开。谁、什么时候、为什么打开，先记下再给看；"
        "purpose 是用途。单独谈话只给谈的人在工作台看。"
    ),
    query=questions.PurposeQuery,
    response=schemas.ContentOut,
    problems=("not-found",),
    path_examples={"number": "260930-9TRW"},
)
def open_dispute(request: HttpRequest, number: str, asked: Query[questions.PurposeQuery]) -> dict[str, Any]:
    visit = visit_of(request)
    case = cases_of.find(request, number, shapes.MEDIATIONS)
    reading.open_content(case=case, actor=visit.actor, purpose=asked.purpose, what=WHAT, at=visit.at)
    return _content(case, visit.actor)


def _content(case: Case, actor: Actor) -> dict[str, Any]:
    matter = Mediation.objects.get(pk=case.pk)
    assigned = list(
        Assignment.objects.current().filter(case_id=case.pk).select_related("person").order_by("since", "id")
    )
    mediates = any(
        each.person_id == actor.person_id and each.role == AssignmentRole.MEDIATOR for each in assigned
    )
    return {
        "number": case.number,
        "subject": matter.subject,
        "brief": matter.brief,
        "requests": [str(each) for each in matter.requests],
        "parties": [_party(each) for each in Party.objects.filter(case_id=case.pk).order_by("number")],
        "mediators": [each.person.name for each in assigned if each.role == AssignmentRole.MEDIATOR],
        "sessions": _sessions(case, mediates=mediates),
        "papers": [
            _paper(each) for each in Paper.objects.current().filter(case_id=case.pk).order_by("at", "id")
        ],
        "instalments": [
            _instalment(each)
            for each in Instalment.objects.filter(case_id=case.pk).order_by("due_on", "position", "id")
        ],
        "remarks": [
            {"event": each.event_number, "text": each.text}
            for each in Remark.objects.filter(case_id=case.pk).order_by("event_number", "id")
        ],
    }


def _sessions(case: Case, *, mediates: bool) -> list[dict[str, Any]]:
    """A separate talk is known to the mediators and to whom it was with, to nobody else."""
    rows = Sitting.objects.filter(case_id=case.pk).select_related("room").order_by("starts_at", "id")
    if not mediates:
        rows = rows.filter(kind=SittingKind.JOINT)
    return [
        {
            "id": str(each.id),
            "kind": each.kind,
            "party": each.party,
            "place": each.room.name if each.room else each.place,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
            "state": each.state,
        }
        for each in rows
    ]


def _party(party: Party) -> dict[str, Any]:
    return {
        "number": party.number,
        "side": party.side,
        "is_body": party.is_body,
        "name": party.name,
        "phone": party.phone,
        "has_withdrawn": party.withdrawn_at is not None,
    }


def _paper(paper: Paper) -> dict[str, Any]:
    return {
        "id": str(paper.id),
        "kind": paper.kind,
        "version": paper.version,
        "party": paper.party,
        "text": paper.text,
        "at": paper.at,
    }


def _instalment(each: Instalment) -> dict[str, Any]:
    return {
        "id": str(each.id),
        "party": each.party,
        "what": each.what,
        "amount": str(each.amount) if each.amount is not None else None,
        "due_on": each.due_on,
        "done_on": each.done_on,
    }

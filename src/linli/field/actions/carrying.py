"""What a phone carries: the open cases of the worker's own area that moved within a week, and reference data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.actions.feed import may_read
from linli.cases.models import Case, Clock, Event, Task
from linli.cases.procedures import Move
from linli.cases.procedures.story import story
from linli.field.actions.applying import MOVES
from linli.kit import jsonbytes
from linli.mediation.actions import screening
from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, Revision, within
from linli.people.access import Actor
from linli.service_requests.actions import masked
from linli.service_requests.models import Category, Request
from linli.web.views.rows import due_of, place_words

KEPT_DAYS = 7
MOST = 200
LAST_LINES = 4
AREAS = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY, Kind.GRID)


@dataclass(frozen=True)
class Carried:
    """Something to keep on a phone, and the tag by which it knows that nothing has changed."""

    content: dict[str, Any]
    tag: str


def cases_of(post: Actor, at: datetime) -> list[Case]:
    """The open requests of the post's own area that moved within a week; of mediation nothing leaves the desk."""
    since = at - timedelta(days=KEPT_DAYS)
    own = Case.objects.visible_to(post).open().filter(within("place_path", post.path))
    rows = own.filter(kind="service_request", state_since__gte=since)
    return list(rows.select_related("place__parent", "holder").order_by("urgent_at", "id")[:MOST])


def tag_of(found: list[Case], post: Actor) -> str:
    """Changes with every case, with the post and with the language; the day counts, because what is left is told."""
    said = [[str(case.pk), case.version] for case in found]
    whole = jsonbytes.canonical([str(post.grant_id), get_language() or "", said])
    return hashlib.sha256(whole).hexdigest()[:24]


def carried_cases(post: Actor, at: datetime, found: list[Case]) -> Carried:
    """The cases as a phone shows them: what happened last, what may be done, until when."""
    ids = [case.pk for case in found]
    events = _by_case(Event.objects.filter(case_id__in=ids).select_related("person", "organisation", "unit"))
    tasks = _by_case(Task.objects.filter(case_id__in=ids).select_related("organisation"))
    clocks = _by_case(Clock.objects.filter(case_id__in=ids))
    requests = Request.objects.in_bulk(ids)
    names = _categories({case.category for case in found})
    rows = [
        _row(
            case,
            post,
            at,
            requests.get(case.pk),
            events[case.pk],
            tasks.get(case.pk, []),
            clocks.get(case.pk, []),
        )
        | {"category": names.get(case.category, "")}
        for case in found
    ]
    content = {
        "cases": rows,
        "at": at.isoformat(),
        "keep_days": KEPT_DAYS,
        "post": post.label,
        "name": post.name,
    }
    return Carried(content, tag_of(found, post))


def _by_case(rows: Any) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows.order_by("case_id", "number"):
        found.setdefault(row.case_id, []).append(row)
    return found


def _masked(words: str, request: Request | None) -> str:
    return masked(words, request) if request is not None else words


def _row(
    case: Case,
    post: Actor,
    at: datetime,
    request: Request | None,
    events: list[Event],
    tasks: list[Task],
    clocks: list[Clock],
) -> dict[str, Any]:
    """A case without the reporter's name and number, wherever they wrote it."""
    stage = next((task for task in tasks if task.is_stage), None)
    is_mine = (
        stage is not None and stage.organisation_id == post.organisation_id and stage.role in post.duties
    )
    due = due_of(case, stage.urgent_at if stage and is_mine else case.due_at, at)
    lines = [story(event, case.procedure, "staff") for event in events if may_read(event, post)][-LAST_LINES:]
    return {
        "id": str(case.pk),
        "number": case.number,
        "title": _masked(case.title, request),
        "place": place_words(case),
        "address": _masked(case.address, request),
        "words": _masked(request.text, request) if request is not None else "",
        "state": str(case.stage.label),
        "version": case.version,
        "is_mine": is_mine,
        "why": str(case.procedure.whys[stage.why]) if stage and is_mine else "",
        "due": due.words,
        "due_detail": due.detail,
        "due_state": due.state,
        "moves": [
            _move(move) for move in cases.moves_for(case, post, tasks, clocks, at) if move.verb in MOVES
        ],
        "lines": [
            {"title": line.title, "where": line.where, "words": _masked(line.quote, request)}
            for line in lines
        ],
    }


def _move(move: Move) -> dict[str, Any]:
    return {"verb": move.verb, "label": str(move.label), "is_main": move.is_main, "icon": move.icon}


def _categories(codes: set[str]) -> dict[str, str]:
    return {each.code: each.label for each in Category.objects.filter(code__in=codes)}


# Reference data -----------------------------------------------------------------------------------


def reference_tag(post: Actor, found: list[dict[str, Any]]) -> str:
    """Changes with what is the same for all, and with the rounds of screening found in the post's own area."""
    revisions = sorted(Revision.objects.filter(name__in=lookup.REVISIONS).values_list("name", "number"))
    categories = [[each.code, each.name_zh, each.name_en] for each in _offered()]
    said = [str(post.grant_id), get_language() or "", revisions, categories, found]
    whole = jsonbytes.canonical(said)
    return hashlib.sha256(whole).hexdigest()[:24]


def _offered() -> list[Category]:
    """Categories in force, with their groups."""
    return list(Category.objects.filter(is_active=True).select_related("parent").order_by("position", "code"))


def screened(post: Actor, at: datetime) -> list[dict[str, Any]]:
    """Where the post may go round: villages each before its grids, or a grid; and how far this month has come there."""
    if post.organisation is None or not post.may("mediation.screen"):
        return []
    month = at.astimezone(post.organisation.zone).date().replace(day=1)
    rows = screening.rounds_of(post.organisation, month)
    return [
        {
            "code": each.place.code,
            "label": each.place.label,
            "above": row.place.code if each is not row else "",
            "month": f"{month:%Y-%m}",
            "is_done": each.is_done,
            "found": each.found,
        }
        for row in rows
        for each in (row, *row.grids)
        if each.place.valid_until is None
    ]


def reference(post: Actor, found: list[dict[str, Any]]) -> Carried:
    """Categories, the places of the worker's township, outlines of the own area, and where it may be screened."""
    root = _township(post)
    places = Organisation.objects.standing().filter(within("path", root), kind__in=AREAS).order_by("path")
    own = Organisation.objects.standing().filter(within("path", post.path), kind=Kind.GRID)
    content = {
        "categories": [
            {"code": each.code, "label": each.label, "group": each.parent.label}
            for each in _offered()
            if each.parent is not None
        ],
        "places": [
            {"code": each.code, "label": each.label, "kind": each.kind, "path": each.path} for each in places
        ],
        "own": post.organisation.code if post.organisation else "",
        "screened": found,
        "boundaries": lookup.boundaries_geojson(own, simplify=5),
        "county": settings.COUNTY_CODE,
        "hint": _("这里只有您自己片区的事项，最多留 %(n)d 天。") % {"n": KEPT_DAYS},
    }
    return Carried(content, reference_tag(post, found))


def _township(post: Actor) -> str:
    parts = post.path.rstrip("/").split("/")
    return "/".join(parts[:2]) + "/"

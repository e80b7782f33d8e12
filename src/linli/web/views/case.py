"""The case page, and the card of cases that may be the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from linli.cases import actions
from linli.cases.actions import orders
from linli.cases.models import Case, Order
from linli.cases.procedures import Move
from linli.cases.procedures.story import Line
from linli.documents.models import Upload
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.mediation.actions import reading
from linli.mediation.models import Category as Dispute
from linli.orgs.models import Organisation
from linli.people.access import post_of, requires
from linli.privacy.actions import reads
from linli.privacy.models import Group
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Category, RequestType
from linli.web.forms.moves import Choices, Grouped, MoveCard, card

from . import casefile, drawing, kinds, units
from .casefile import CaseFile
from .referral import Other, others
from .rows import hands_over, place_words


@dataclass(frozen=True)
class Attempt:
    """A move that was refused: what was typed, what is wrong, and what has changed meanwhile."""

    verb: str
    data: QueryDict
    command_id: UUID
    problems: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""
    changes: list[Line] = field(default_factory=list)
    staged: list[Upload] = field(default_factory=list)

    @property
    def written(self) -> list[str]:
        """What was typed, to be shown where its form is gone."""
        typed = ((name, str(value)) for name, value in self.data.items())
        return [value for name, value in typed if name not in CARRIED and value.strip()]


CARRIED = frozenset({"csrfmiddlewaretoken", "command_id", "version", "next", "photos"})


@requires("case.view")
@require_safe
def case(request: HttpRequest, number: str) -> HttpResponse:
    """Facts, clocks, procedure, story, and the moves this post may make: twelve statements, and one that notes it."""
    file = casefile.load(number, post_of(request), clock.now())
    return page(request, file, open_verb=request.GET.get("move", ""))


def page(
    request: HttpRequest,
    file: CaseFile,
    *,
    open_verb: str = "",
    attempt: Attempt | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a case, with one form open or the remains of a refused attempt; the opening is noted first."""
    casefile.note(file, "page")
    public_only = request.GET.get("story") == "public"
    permitted = _permitted(file)
    moves = [move for move in permitted if not move.has_own_form]
    cards = _cards(file, moves, open_verb, attempt)
    is_lost = attempt is not None and not any(c.move.verb == attempt.verb for c in cards)
    context = {
        "file": file,
        "case": file.case,
        "said": file.request,
        "at": file.at,
        "category": _category(file),
        "channel": kinds.channels().get(file.case.channel, file.case.channel),
        "kind": dict(RequestType.choices).get(file.request.request_type, "") if file.request else "",
        "where": place_words(file.case),
        "faces": casefile.faces(file),
        "steps": drawing.steps(file),
        "photos": casefile.photos(file),
        "people": casefile.people(file),
        "contact_refusal": casefile.contact_refusal(file),
        "hidden": casefile.hidden(file),
        "lines": casefile.lines(file, public_only=public_only),
        "turn": casefile.whose_turn(file),
        "public_only": public_only,
        "cards": cards,
        "attempt": attempt,
        "lost": attempt if is_lost else None,
        "tiles": settings.TILES_URL,
        "attribution": settings.TILES_ATTRIBUTION,
        "content": content_of(file),
        "is_veto": file.case.kind == kinds.VETO,
        "is_assessed": file.case.kind != kinds.VETO and (not file.case.is_open or file.case.reopenings),
        "may_refer": any(move.verb == "refer" for move in permitted),
        "others": _others(file),
        "orders": _orders(file),
        "may_merge": any(move.verb == "merge" for move in moves),
    }
    return render(request, "web/case.html", context, status=status)


def _permitted(file: CaseFile) -> list[Move]:
    """What this post may do; through broken glass it only looks."""
    if file.glass is not None:
        return []
    return actions.moves_for(file.case, file.post, file.tasks, file.clocks, file.at)


def _others(file: CaseFile) -> list[Other]:
    """The case at the other end of a referral; asked for only where the events tell of one."""
    is_asked = file.case.channel == "referral" or any(event.verb == "refer" for event in file.events)
    return others(file.case, file.post) if is_asked else []


def _orders(file: CaseFile) -> list[Order]:
    """The orders on a set it is under; asked for only where it is in one."""
    said: Any = file.request
    return orders.over(file.case, file.post) if said is not None and said.is_ordered else []


def content_of(file: CaseFile) -> dict[str, bool] | None:
    """For a mediation, whether this post may open its content, which lives on a page of its own."""
    if not kinds.is_mediation(file.case):
        return None
    return {"may_read": reading.may_read(file.case.pk, file.post)}


def _cards(file: CaseFile, moves: list[Move], open_verb: str, attempt: Attempt | None) -> list[MoveCard]:
    choices = _choices(file, moves)
    cards = []
    for move in sorted(moves, key=_place_of):
        tried = attempt if attempt is not None and attempt.verb == move.verb else None
        cards.append(
            card(
                move,
                file.case,
                choices,
                is_open=tried is not None or (attempt is None and move.verb == open_verb),
                data=tried.data if tried else None,
                problems=tried.problems if tried else None,
                command_id=tried.command_id if tried else None,
                staged=tried.staged if tried else None,
            )
        )
    return cards


def _place_of(move: Move) -> tuple[bool, bool]:
    """Main moves first, then those that hand the case on, then the rest in the order of the file."""
    return (not move.is_main, not (move.relation == "desk" and hands_over(move)))


def _choices(file: CaseFile, moves: list[Move]) -> Choices:
    """What the selects offer; asks the database only for what a permitted move needs."""
    asked = {need.kind for move in moves for need in move.needs}
    if not asked & {"unit", "place", "category"}:
        return Choices()
    near = units.near(file.case) if asked & {"unit", "place"} else []
    suggested = _suggested(file, near)
    wants_committee = any("committee" in need.unit_kinds for move in moves for need in move.needs)
    return Choices(
        committees=units.committee_groups(file.case) if wants_committee else [],
        units=[(group.label, group.choices) for group in units.unit_groups(file.case, near, suggested)],
        places=[(group.label, group.choices) for group in units.place_groups(file.case, near)],
        categories=categories() if "category" in asked else [],
        suggested=str(suggested.pk) if suggested else "",
    )


def _suggested(file: CaseFile, near: list[Organisation]) -> Organisation | None:
    """The unit the routing named when the case came in, unless it has returned the case since."""
    wanted = (file.events[0].facts or {}).get("suggested") if file.events else None
    refused = {event.organisation_id for event in file.events if event.verb == "return"}
    return next((unit for unit in near if str(unit.pk) == wanted and unit.pk not in refused), None)


def categories() -> Grouped:
    """Categories in force, by their groups, for a select."""
    english = (get_language() or "").startswith("en")
    rows = list(Category.objects.filter(is_active=True).order_by("position", "code"))
    names = {row.code: row.name_en if english else row.name_zh for row in rows}
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        if row.parent_id:
            groups.setdefault(names.get(row.parent_id, ""), []).append((row.code, names[row.code]))
    return list(groups.items())


def _category(file: CaseFile) -> str:
    """The category in words, from the statement that found the case."""
    said: Any = file.request
    if said is None and kinds.is_mediation(file.case):
        dispute = Dispute.objects.filter(pk=file.case.category).first()
        return dispute.label if dispute else file.case.category
    if said is None:
        return file.case.category
    english = (get_language() or "").startswith("en")
    names = (said.group_en, said.category_en) if english else (said.group_zh, said.category_zh)
    return " · ".join(filter(None, names)) or file.case.category


@requires("case.view")
@require_safe
def likenesses(request: HttpRequest, number: str) -> HttpResponse:
    """What is in the group of a case, and what may belong to it; a fragment, asked for by the page."""
    post, at = post_of(request), clock.now()
    found, said = casefile.find(number, post)
    if said is None or found.place is None:
        raise Http404
    visible = Case.objects.visible_to(post)
    members = _members(found, visible)
    known = {member.pk for member in members}
    similar = service_requests.similar_cases(
        among=visible,
        place=found.place,
        category=found.category,
        words=said.text,
        at=at,
        lon=found.lon,
        lat=found.lat,
        without=found,
    )
    shown = [each.pk for each in [*members, *(each.case for each in similar)]]
    reads.note_many(shown=dict.fromkeys(shown, (Group.HEADLINE,)), by=post, what="likeness", at=at)
    context = {
        "case": found,
        "members": members,
        "similar": [each for each in similar if each.case.pk not in known],
        "may_merge": post.may("case.merge") and found.group is None and found.is_open,
        "command_id": uuid7(),
        "at": at,
    }
    return render(request, "web/likenesses.html", context)


def _members(case: Case, visible: QuerySet[Case]) -> list[Case]:
    if case.group is None:
        return []
    return list(visible.filter(group=case.group).exclude(pk=case.pk).order_by("received_at")[:20])

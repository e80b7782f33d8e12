"""Every verb of the kernel, as a noun to post to: `POST /cases/{number}/dispatches`."""

from __future__ import annotations

from typing import Any

import pydantic
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja.errors import ValidationError

from linli.cases import actions as cases
from linli.cases.actions import BadData, CaseNotFound
from linli.cases.models import Case, Clock, Event, Task
from linli.cases.procedures import Move, Need, all_procedures
from linli.mediation.actions import reading
from linli.service_requests.actions.with_photos import advance_with_photos

from . import cases_of, schemas, shapes
from .acts import ACTS, Act, Command
from .door import Visit, visit_of
from .operations import EXAMPLES, READ, WRITE, operation
from .problems import Problem

TAG = gettext_lazy("办理")
SOMEBODY = "01923f3c-0000-7000-8000-000000000001"
UUID_PATTERN = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
TEXTS = frozenset("text line unit choice case place category date".split())


def nouns() -> dict[str, list[tuple[str, Move]]]:
    """Every noun with the moves posted there, by kind of case."""
    found: dict[str, list[tuple[str, Move]]] = {}
    for (kind, _version), procedure in all_procedures().items():
        for move in procedure.moves.values() if procedure.is_enabled else ():
            if move.noun and (not move.has_own_form or act_of(kind, move) is not None):
                found.setdefault(move.noun, []).append((kind, move))
    return found


def act_of(kind: str, move: Move) -> Act | None:
    """How a move with a form of its own is made here; None where only the desk has its form."""
    return ACTS.get(move.verb) if move.has_own_form and kind in shapes.MEDIATIONS else None


@operation(
    "GET",
    "/cases/{number}/moves",
    id="list_moves",
    scope=READ,
    tag=TAG,
    summary=gettext_lazy("这个岗位现在能做什么"),
    description=gettext_lazy(
        "body 是每一步要填的（JSON Schema）。desk_only：还有哪几步只能在工作台做，比如要本人签字的。"
    ),
    response=schemas.MovesOut,
    problems=("not-found",),
    has_etag=True,
    path_examples={"number": "260930-7KQ2"},
)
def list_moves(request: HttpRequest, number: str) -> dict[str, Any]:
    visit = visit_of(request)
    case = cases_of.find(request, number)
    tasks = list(Task.objects.filter(case_id=case.pk).select_related("organisation").order_by("number"))
    clocks = list(Clock.objects.filter(case_id=case.pk).order_by("number"))
    permitted = cases.moves_for(case, visit.actor, tasks, clocks, visit.at)
    offered = [move for move in permitted if move.noun and _is_here(case, move)]
    visit.headers["ETag"] = shapes.tag(case)
    return {
        "number": case.number,
        "state": case.state,
        "version": case.version,
        "moves": [_move(case, move) for move in offered],
        "desk_only": sorted(move.verb for move in permitted if move not in offered),
    }


def _is_here(case: Case, move: Move) -> bool:
    return not move.has_own_form or act_of(case.kind, move) is not None


def _move(case: Case, move: Move) -> dict[str, Any]:
    return {
        "noun": move.noun,
        "verb": move.verb,
        "label": str(move.label),
        "href": f"/api/v1/cases/{case.number}/{move.noun}",
        "is_main": move.is_main,
        "body": body_of(case.kind, move),
    }


# Making a move ----------------------------------------------------------------------------------


def made(request: HttpRequest, number: str, noun: str) -> dict[str, Any]:
    """Makes the move this noun stands for in the procedure of the case."""
    visit = visit_of(request)
    case = cases_of.find(request, number)
    move = next((each for each in case.procedure.moves.values() if each.noun == noun), None)
    if move is None or not _is_here(case, move):
        raise Problem("not-found", _("这一类事项没有这一步。"))
    act = act_of(case.kind, move)
    event = _by_act(visit, case, act) if act else _by_needs(visit, case, move)
    if event is None:  # what leaves no event, such as a separate talk, leaves the case as it is
        visit.headers["ETag"] = shapes.tag(case)
        return _moved(case, None, move.verb, case.state, case.version, visit)
    visit.headers["ETag"] = f'"{event.number}"'
    return _moved(case, event, event.verb, event.state, event.number, visit)


def _moved(
    case: Case, event: Event | None, verb: str, state: str, version: int, visit: Visit
) -> dict[str, Any]:
    return {
        "number": case.number,
        "event": event.number if event else None,
        "verb": verb,
        "state": state,
        "version": version,
        "at": event.at if event else visit.at,
    }


def _by_needs(visit: Visit, case: Case, move: Move) -> Event:
    _check_types(move.needs, visit.given)
    return advance_with_photos(
        case=case.pk,
        verb=move.verb,
        by=visit.actor,
        at=visit.at,
        command_id=visit.command_id,
        data=visit.given,
        version=visit.version,
    )


def _by_act(visit: Visit, case: Case, act: Act) -> Event | None:
    """As on the desk, only whoever may read a mediation works on it; to others it does not exist."""
    if not reading.may_read(case.pk, visit.actor):
        raise CaseNotFound
    try:
        given = act.body.model_validate(visit.given)
    except pydantic.ValidationError as error:
        raise ValidationError([dict(each) for each in error.errors(include_url=False)]) from error
    command = Command(case, visit.actor, visit.at, visit.command_id, visit.version)
    with transaction.atomic():
        return act.do(command, given)


def _check_types(needs: tuple[Need, ...], given: dict[str, Any]) -> None:
    """JSON has types, so a number is not taken for a text; the kernel checks everything else."""
    errors = {}
    for need in needs:
        value = given.get(need.name)
        if value is not None and not _is_of(need, value):
            errors[need.name] = _("“%(label)s”的类型不对。") % {"label": need.label}
    if errors:
        raise BadData(errors)


def _is_of(need: Need, value: Any) -> bool:
    if need.kind == "limit":
        return isinstance(value, int) and not isinstance(value, bool)
    if need.kind == "photos":
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, str)


# What a move asks for, as JSON Schema -----------------------------------------------------------


def body_of(kind: str, move: Move) -> dict[str, Any]:
    """The schema of the body."""
    act = act_of(kind, move)
    if act is not None:
        return act.body.model_json_schema()
    required = [need.name for need in move.needs if need.required]
    properties = {need.name: _property(need) for need in move.needs}
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})


def _property(need: Need) -> dict[str, Any]:
    about = {"title": str(need.label)} | ({"description": str(need.hint)} if need.hint else {})
    if need.kind in {"text", "line"}:
        return {"type": "string", "minLength": need.minimum, "maxLength": need.maximum, **about}
    if need.kind in {"unit", "place"}:
        return {"type": "string", "pattern": UUID_PATTERN, **about}
    if need.kind == "limit":
        return {"type": "integer", "minimum": 1, "maximum": need.maximum, **about}
    if need.kind == "choice":
        return {"type": "string", "enum": [value for value, _label in need.choices], **about}
    if need.kind == "photos":
        ids = {"type": "string", "pattern": UUID_PATTERN}
        return {"type": "array", "items": ids, "maxItems": 6, **about}
    if need.kind == "date":
        return {"type": "string", "format": "date", **about}
    return {"type": "string", "maxLength": 48, **about}


def example_of(kind: str, move: Move) -> dict[str, Any]:
    """A body as a program would send it."""
    act = act_of(kind, move)
    if act is not None:
        found: dict[str, Any] = EXAMPLES["acts"][move.verb]
        return found
    return {need.name: _sample(need) for need in move.needs if need.required}


def _sample(need: Need) -> Any:
    samples: dict[str, Any] = {
        "unit": SOMEBODY,
        "place": SOMEBODY,
        "limit": 3,
        "photos": [],
        "date": "2026-10-13",
        "case": "260930-7KQ2",
        "category": "facility.street_lamp",
    }
    if need.kind == "choice":
        return need.choices[0][0]
    return samples.get(need.kind, EXAMPLES["text"])


# One operation a noun ---------------------------------------------------------------------------


def _bodies(moves: list[tuple[str, Move]]) -> dict[str, Any]:
    """One schema where all kinds ask for the same, else one of several."""
    found: list[dict[str, Any]] = []
    for kind, move in moves:
        if (schema := body_of(kind, move)) not in found:
            found.append(schema)
    return found[0] if len(found) == 1 else {"anyOf": found}


def body_schema(noun: str) -> dict[str, Any]:
    return _bodies(nouns()[noun])


def body_example(noun: str) -> dict[str, Any]:
    kind, move = nouns()[noun][0]
    return example_of(kind, move)


def words_of(noun: str) -> tuple[str, str]:
    """What a noun stands for, in the reader's language: the move, and the kinds of case that know it."""
    labels: dict[str, list[str]] = {}
    for kind, move in nouns()[noun]:
        names = labels.setdefault(str(move.label), [])
        name = str(all_procedures()[kind, max(v for k, v in all_procedures() if k == kind)].label)
        if name not in names:
            names.append(name)
    return " / ".join(labels), "; ".join(f"{label}: {', '.join(names)}" for label, names in labels.items())


def _register(noun: str) -> None:
    @operation(
        "POST",
        f"/cases/{{number}}/{noun}",
        id=f"post_{noun.replace('-', '_')}",
        scope=WRITE,
        tag=TAG,
        summary=noun,
        status=201,
        response=schemas.Moved,
        problems=("not-allowed", "not-found", "out-of-order", "stale"),
        path_examples={"number": "260930-7KQ2"},
        body={},
        example={
            "number": "260930-7KQ2",
            "event": 4,
            "verb": nouns()[noun][0][1].verb,
            "state": nouns()[noun][0][1].to or "in_progress",
            "version": 4,
            "at": "2026-09-30T09:12:00Z",
        },
    )
    def make(request: HttpRequest, number: str) -> dict[str, Any]:
        return made(request, number, noun)


for _noun in nouns():
    _register(_noun)

"""Several cases at once: accepted, acknowledged, or sent out, with a result for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linli.cases import actions
from linli.cases.actions import CommandError, StaleCase
from linli.cases.models import Case, CaseNumber
from linli.kit import clock
from linli.kit.ids import is_uuid7, uuid7
from linli.orgs.models import Organisation
from linli.people.access import Actor, post_of, requires
from linli.service_requests import actions as service_requests
from linli.service_requests.actions import Routing
from linli.service_requests.models import Category, Request

from . import units
from .filters import KIND

MOST = 50


@dataclass(frozen=True)
class Picked:
    """A ticked case and the version it was seen in."""

    case: Case
    version: int


@dataclass(frozen=True)
class Result:
    case: Case
    is_done: bool
    text: str


@dataclass(frozen=True)
class Plan:
    """A case and where it would go: the unit of its rule, or the reason why there is none."""

    picked: Picked
    routing: Routing


@requires("work.view")
@require_POST
def batches(request: HttpRequest) -> HttpResponse:
    """Carries out one verb on the ticked cases, each by itself; a refusal of one leaves the others done.

    Sending out asks first: to which unit all go, or where its rule sends each.
    """
    post = post_of(request)
    picked = _picked(post, request.POST.getlist("case")[:MOST])
    step = STEPS.get(request.POST.get("step", ""))
    if not picked or step is None:
        return redirect("web:work")
    return step(request, post, picked)


def _picked(post: Actor, values: Sequence[str]) -> list[Picked]:
    """The ticked cases this post may see, in the order of the list; anything else is passed over."""
    versions: dict[str, int] = {}
    for value in values:
        number, _sign, version = value.partition(":")
        versions[number] = int(version) if version.isdecimal() and len(version) < 9 else 0
    ids = CaseNumber.objects.filter(number__in=list(versions)).values("case_id")
    visible = Case.objects.visible_to(post).filter(kind=KIND)
    found = visible.filter(pk__in=ids).select_related("place__parent", "holder")
    by_number = {case.number: case for case in found}
    return [Picked(by_number[number], version) for number, version in versions.items() if number in by_number]


def _command(request: HttpRequest) -> UUID:
    """The id under which a repeated press is recognised; the same for each case, since ids are per case."""
    try:
        given = UUID(request.POST.get("command_id", ""))
    except ValueError:
        return uuid7()
    return given if is_uuid7(given) else uuid7()


def _each(
    request: HttpRequest,
    post: Actor,
    picked: list[Picked],
    verb: str,
    data: Callable[[Picked], dict[str, Any]],
) -> HttpResponse:
    at, command_id = clock.now(), _command(request)
    results = [_one(each, post, verb, at, command_id, data) for each in picked]
    done = sum(result.is_done for result in results)
    context = {"results": results, "done": done, "refused": len(results) - done}
    return render(request, "web/batch_done.html", context)


def _one(
    each: Picked,
    post: Actor,
    verb: str,
    at: datetime,
    command_id: UUID,
    data: Callable[[Picked], dict[str, Any]],
) -> Result:
    try:
        event = actions.advance(
            case=each.case.pk,
            verb=verb,
            by=post,
            at=at,
            command_id=command_id,
            version=each.version,
            data=data(each),
        )
    except StaleCase as error:
        state = error.case.stage.label
        return Result(each.case, False, _("您看到以后已经有人动过，现在是“%(state)s”。") % {"state": state})
    except CommandError as error:
        return Result(each.case, False, str(error))
    unit = event.unit.label if event.unit else ""
    move = each.case.procedure.move_of(event.kind)
    return Result(each.case, True, f"{move.done} {unit}".strip())


def _accept(request: HttpRequest, post: Actor, picked: list[Picked]) -> HttpResponse:
    return _each(request, post, picked, "accept", lambda each: {})


def _acknowledge(request: HttpRequest, post: Actor, picked: list[Picked]) -> HttpResponse:
    return _each(request, post, picked, "acknowledge", lambda each: {})


def _ask_unit(request: HttpRequest, post: Actor, picked: list[Picked], problem: str = "") -> HttpResponse:
    """Which unit all of them go to."""
    context = {
        "picked": picked,
        "groups": units.groups_for(picked[0].case),
        "command_id": _command(request),
        "problem": problem,
        "note": request.POST.get("note", ""),
        "chosen": request.POST.get("unit", ""),
    }
    return render(request, "web/batch_unit.html", context)


def _ask_rules(request: HttpRequest, post: Actor, picked: list[Picked]) -> HttpResponse:
    """Where its rule sends each."""
    context = {"plans": _plans(picked), "command_id": _command(request)}
    return render(request, "web/batch_rules.html", context)


def _to_unit(request: HttpRequest, post: Actor, picked: list[Picked]) -> HttpResponse:
    try:
        unit = Organisation.objects.standing().get(pk=UUID(request.POST.get("unit", "")))
    except (ValueError, Organisation.DoesNotExist):
        return _ask_unit(request, post, picked, _("请从名单里选承办单位。"))
    note = request.POST.get("note", "").strip()
    data = {"unit": str(unit.pk), **({"note": note} if note else {})}
    return _each(request, post, picked, "dispatch", lambda each: data)


def _by_rule(request: HttpRequest, post: Actor, picked: list[Picked]) -> HttpResponse:
    """To the unit shown on the page that asked, so that nobody is surprised by a rule changed meanwhile."""

    def data(each: Picked) -> dict[str, Any]:
        return {"unit": request.POST.get(f"unit-{each.case.number}", "")}

    return _each(request, post, picked, "dispatch", data)


def _plans(picked: list[Picked]) -> list[Plan]:
    given = service_requests.rules()
    categories = Category.objects.select_related("unit").in_bulk({each.case.category for each in picked})
    kinds = dict(
        Request.objects.filter(case__in=[each.case.pk for each in picked]).values_list(
            "case_id", "request_type"
        )
    )
    plans = []
    for each in picked:
        case = each.case
        category = categories.get(case.category)
        routing = Routing(None, None)
        if category is not None and case.place is not None:
            routing = service_requests.route(
                category=category,
                request_type=kinds.get(case.pk, ""),
                channel=case.channel,
                place=case.place,
                accused_path=case.accused_path,
                given=given,
            )
        plans.append(Plan(each, routing))
    return plans


STEPS: dict[str, Callable[[HttpRequest, Actor, list[Picked]], HttpResponse]] = {
    "accept": _accept,
    "acknowledge": _acknowledge,
    "unit": _ask_unit,
    "rules": _ask_rules,
    "to_unit": _to_unit,
    "by_rule": _by_rule,
}

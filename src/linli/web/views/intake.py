"""Registering a new matter at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from linli.cases import actions
from linli.cases.actions import BadData, CommandError
from linli.cases.models import Case, Clock, Event
from linli.documents.forms import staged, take, takes_photos
from linli.kit import clock, codes
from linli.orgs.models import Kind, Organisation, within
from linli.people.access import Actor, post_of, requires
from linli.privacy.actions import reads
from linli.privacy.models import Group
from linli.service_requests import actions as service_requests
from linli.service_requests.actions import Likeness, Submission
from linli.service_requests.actions.with_photos import submit_with_photos
from linli.web.forms.moves import Grouped
from linli.web.forms.register import (
    LEVELS,
    RegisterForm,
    WhereWrong,
    command_of,
    new_command,
    place_of,
    submission_of,
)

from . import receipts
from .case import categories
from .units import UNIT_KINDS

SHOWN_ONCE = "receipts"


@requires("case.report")
@takes_photos
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The form; what may be the same is shown before anything is registered."""
    post = post_of(request)
    if request.method == "GET":
        return _form(request, post)
    photos, wrong = take(request, request.POST.getlist("photos"))
    posted = request.POST.copy()
    posted.setlist("photos", photos)
    command_id = command_of(posted.get("command", ""))
    problems = {"photos": " ".join(wrong)} if wrong else {}
    try:
        place, lon, lat = place_of(posted, post)
    except WhereWrong as error:
        return _form(request, post, posted, {**problems, "place": str(error)})
    submission = submission_of(posted, post, place, lon, lat, photos)
    if command_id is None:
        problems["command"] = _("这一页开得太久了，请再按一次“登记”。您写的都还在。")
    if problems:
        return _form(request, post, posted, problems)
    assert command_id is not None
    return _register(request, post, posted, submission, command_id)


def _register(
    request: HttpRequest, post: Actor, posted: QueryDict, submission: Submission, command_id: UUID
) -> HttpResponse:
    at = clock.now()
    try:
        given, _category = service_requests.check(submission)
        similar = [] if posted.get("checked") else _similar(given, post)
        if similar and not Case.objects.filter(pk=command_id).exists():
            return _form(request, post, posted, similar=similar)
        receipt = submit_with_photos(submission=given, by=post, at=at, command_id=command_id)
    except BadData as error:
        return _form(request, post, posted, error.errors)
    except CommandError as error:
        return _form(request, post, posted, {"command": str(error)})
    kept = request.session.get(SHOWN_ONCE, [])
    request.session[SHOWN_ONCE] = [*kept[-9:], str(receipt.case.pk)]
    return redirect("web:receipt", receipt.case.number)


def _similar(given: Submission, post: Actor) -> list[Likeness]:
    """What may be the same, noted as shown before it is."""
    assert given.place is not None
    at = clock.now()
    similar = service_requests.similar_cases(
        among=Case.objects.visible_to(post),
        place=given.place,
        category=given.category,
        words=given.text + given.address,
        at=at,
        lon=given.lon,
        lat=given.lat,
    )
    shown = [each.case.pk for each in similar]
    reads.note_many(shown=dict.fromkeys(shown, (Group.HEADLINE,)), by=post, what="likeness", at=at)
    return similar


def _form(
    request: HttpRequest,
    post: Actor,
    posted: QueryDict | None = None,
    problems: Mapping[str, str] | None = None,
    similar: list[Likeness] | None = None,
) -> HttpResponse:
    """The form with everything typed still in it."""
    form = RegisterForm(categories=categories(), units=_units(post), data=posted, problems=problems)
    context: dict[str, Any] = {
        "form": form,
        "command": _kept_command(posted),
        "levels": _levels(post, posted),
        "lon": posted.get("lon", "") if posted else "",
        "lat": posted.get("lat", "") if posted else "",
        "place_problem": (problems or {}).get("place", ""),
        "photo_problem": (problems or {}).get("photos", ""),
        "staged": staged(request, posted.getlist("photos")) if posted else [],
        "similar": similar or [],
        "is_hotline": post.may("case.report_for"),
        "area": _area(post),
        "tiles": settings.TILES_URL,
        "attribution": settings.TILES_ATTRIBUTION,
    }
    return render(request, "web/new.html", context, status=422 if problems else 200)


def _kept_command(posted: QueryDict | None) -> str:
    """The same command as long as it is good, so that a registration sent twice makes one case."""
    signed = posted.get("command", "") if posted else ""
    return signed if command_of(signed) else new_command()


def _units(post: Actor) -> Grouped:
    """Who can be the subject of a report of wrongdoing: units and areas down to the village."""
    if not post.path:
        return []
    root = post.path.split("/")[0] + "/"
    kinds = (*UNIT_KINDS, Kind.TOWNSHIP, Kind.COUNTY)
    units = Organisation.objects.standing().filter(within("path", root), kind__in=kinds).order_by("path")
    groups: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    for unit in units:
        names[unit.path] = unit.label
        above = unit.path.rstrip("/").rpartition("/")[0] + "/"
        owner = unit.path if unit.kind in (Kind.TOWNSHIP, Kind.COUNTY) else above
        groups.setdefault(names.get(owner, ""), []).append((str(unit.pk), unit.label))
    return list(groups.items())


def _levels(post: Actor, posted: QueryDict | None) -> list[dict[str, Any]]:
    """The three lists of places with what is chosen; a post in a village or grid begins there."""
    chosen = {level: posted.get(level, "") for level in LEVELS} if posted else _own(post)
    labels = {"town": _("乡镇（街道）"), "village": _("村（社区）"), "grid": _("网格")}
    above = {"town": "", "village": chosen["town"], "grid": chosen["village"]}
    kinds = {"town": [Kind.TOWNSHIP], "village": [Kind.VILLAGE, Kind.COMMUNITY], "grid": [Kind.GRID]}
    levels = []
    for level in LEVELS:
        below = Organisation.objects.standing().filter(kind__in=kinds[level])
        if level == "town":
            below = below.filter(within("path", post.path.split("/")[0] + "/"))
        else:
            below = below.filter(parent__code=above[level]) if above[level] else below.none()
        items = [(unit.code, unit.label) for unit in below.order_by("path")]
        levels.append({"name": level, "label": labels[level], "chosen": chosen[level], "choices": items})
    return levels


def _own(post: Actor) -> dict[str, str]:
    codes_above = post.path.rstrip("/").split("/")[1:] if post.path else []
    known = [code for code in codes_above if "-" not in code]
    return {level: known[place] if place < len(known) else "" for place, level in enumerate(LEVELS)}


def _area(post: Actor) -> str:
    """The unit whose outline the map shows first."""
    own = _own(post)
    return own["village"] or own["town"] or (post.path.split("/")[0] if post.path else "")


@requires("case.report")
@require_safe
def likenesses(request: HttpRequest) -> HttpResponse:
    """What may be the same as the matter being written; a fragment."""
    post = post_of(request)
    try:
        place, lon, lat = place_of(request.GET, post)
    except WhereWrong:
        place, lon, lat = None, None, None
    words, category = request.GET.get("text", "").strip(), request.GET.get("category", "")
    similar: list[Likeness] = []
    if place is not None and len(words) >= 5 and category:
        given = submission_of(request.GET, post, place, lon, lat, [])
        similar = _similar(given, post)
    return render(request, "web/new_likenesses.html", {"similar": similar})


@requires("case.report")
@require_safe
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The tracking code, once, for whoever reported; afterwards no member of staff can see it again."""
    kept: list[str] = request.session.get(SHOWN_ONCE, [])
    numbered = Case.objects.numbered(codes.normalise_number(number))
    case = get_object_or_404(numbered.select_related("place__parent"))
    if str(case.pk) not in kept:
        get_object_or_404(Case.objects.visible_to(post_of(request)), pk=case.pk)
        messages.info(request, _("查询码只在登记后显示一次。"))
        return redirect("web:case", case.number)
    request.session[SHOWN_ONCE] = [each for each in kept if each != str(case.pk)]
    receipts.offer(request, case.pk)
    promise = case.procedure.promise.name
    total = Clock.objects.filter(case_id=case.pk, name=promise).first()
    events = list(Event.objects.filter(case_id=case.pk).order_by("number"))
    suggested = events[0].facts.get("suggested") if events else None
    context = {
        "case": case,
        "code": codes.pretty(service_requests.tracking_code(case.pk)),
        "calc": actions.derive(case.pk, total, events).lines() if total else [],
        "total": total,
        "suggested": Organisation.objects.filter(pk=suggested).first() if suggested else None,
        "can_see": Case.objects.visible_to(post_of(request)).filter(pk=case.pk).exists(),
    }
    response = render(request, "web/receipt.html", context)
    response["Cache-Control"] = "no-store"
    return response

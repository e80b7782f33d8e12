"""Registering a dispute at the window: willing or not comes first, and whoever is not leaves with the routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from linli.cases.actions import BadData, CommandError
from linli.cases.models import Case
from linli.kit import clock, codes
from linli.mediation.actions import reading, registering
from linli.mediation.actions.parties import MOST_PARTIES
from linli.mediation.actions.registering import Application
from linli.mediation.models import Committee, Mediation, Party, ScreeningRound, Side, Source
from linli.orgs.models import Kind, Organisation, is_within, within
from linli.people.access import Actor, post_of, requires
from linli.web.forms.disputes import DisputeForm, application_of, at_rows, party_rows, rows_in
from linli.web.forms.moves import Grouped
from linli.web.forms.register import command_of, new_command
from linli.web.views import receipts
from linli.web.views.filters import scope_of

from .printing import picture

SHOWN_ONCE = "dispute_receipts"
PLACES = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY)
WILLING = ("yes", "later", "no")


@requires("mediation.register")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """First whether they are willing; then the form; then the receipt with the codes."""
    post = post_of(request)
    if request.method == "GET":
        willing = request.GET.get("willing", "")
        if willing == "no":
            return render(request, "web/mediations/unwilling.html", {"at": clock.now()})
        if willing not in WILLING:
            return render(request, "web/mediations/willing.html", {"round": request.GET.get("round", "")})
        return _form(request, post, willing=willing)
    if "more" in request.POST:
        return _more(request, post)
    return _register(request, post)


def _more(request: HttpRequest, post: Actor) -> HttpResponse:
    """One row of parties more, with everything typed still there."""
    posted = request.POST.copy()
    posted["rows"] = str(min(MOST_PARTIES, rows_in(posted) + 1))
    return _form(request, post, posted, willing=posted.get("willing", "yes"))


def _register(request: HttpRequest, post: Actor) -> HttpResponse:
    posted = request.POST
    willing = posted.get("willing", "yes")
    command_id = command_of(posted.get("command", ""))
    if command_id is None:
        problem = {"command": _("这一页开得太久了，请再按一次“登记”。您写的都还在。")}
        return _form(request, post, posted, problem, willing=willing)
    place = _place(posted, post)
    application, wrong = application_of(
        posted,
        place=place,
        committee=committee_of(post),
        screening=_round(posted.get("round", ""), post),
        is_willing=willing == "yes",
    )
    try:
        if wrong:
            raise BadData({**_also_wrong(application), **wrong})
        done = registering.register(application=application, by=post, at=clock.now(), command_id=command_id)
    except BadData as error:
        return _form(request, post, posted, at_rows(posted, error.errors), willing=willing)
    except CommandError as error:
        return _form(request, post, posted, {"command": str(error)}, willing=willing)
    kept = request.session.get(SHOWN_ONCE, [])
    request.session[SHOWN_ONCE] = [*kept[-9:], str(done.case.pk)]
    return redirect("web:mediation_receipt", done.case.number)


def _also_wrong(application: Application) -> dict[str, str]:
    """What else is wrong, so that everything is said at once."""
    try:
        registering.check_application(application)
    except BadData as error:
        return dict(error.errors)
    return {}


def committee_of(post: Actor) -> Committee | None:
    """The committee a post registers into: its own; that of its village; else the centre decides."""
    if post.organisation is None:
        return None
    standing = Committee.objects.standing().select_related("organisation", "area")
    if post.organisation.kind == Kind.COMMITTEE:
        return standing.filter(pk=post.organisation_id).first()
    if post.organisation.kind in (Kind.VILLAGE, Kind.COMMUNITY):
        return standing.filter(area_id=post.organisation_id, kind="village").first()
    return None


def _area(post: Actor) -> str:
    """The path under which the dispute may lie."""
    committee = committee_of(post)
    if committee is not None:
        return committee.area.path
    return scope_of(post)


def _places(post: Actor) -> list[Organisation]:
    area = _area(post)
    found = Organisation.objects.standing().filter(within("path", area), kind__in=PLACES)
    if not found.exists() and area:  # a grid lies inside one village
        above = area.rstrip("/").rpartition("/")[0] + "/"
        found = Organisation.objects.standing().filter(path=above, kind__in=PLACES)
    return list(found.order_by("path"))


def _grouped(places: list[Organisation]) -> Grouped:
    """Villages under their town; a town may be chosen itself where nobody knows the village."""
    groups: dict[str, list[tuple[str, str]]] = {}
    towns = {place.path: place.label for place in places if place.kind == Kind.TOWNSHIP}
    for place in places:
        above = place.path.rstrip("/").rpartition("/")[0] + "/"
        name = towns.get(place.path) or towns.get(above) or _("村（社区）")
        label = _("%(town)s（不清楚哪个村）") % {"town": place.label} if place.path in towns else place.label
        groups.setdefault(name, []).append((place.code, label))
    return list(groups.items())


def _place(posted: QueryDict, post: Actor) -> Organisation | None:
    code = posted.get("place", "")
    return next((place for place in _places(post) if place.code == code), None)


def _round(text: str, post: Actor) -> ScreeningRound | None:
    """The round of screening a dispute was found in, where it lies in the post's own area."""
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    found = ScreeningRound.objects.select_related("place").filter(pk=wanted).first()
    reaches = found is not None and (
        is_within(found.place.path, post.path) or is_within(post.path, found.place.path)
    )
    return found if reaches else None


def _first(places: list[Organisation], screening: ScreeningRound | None) -> str:
    """The place that is chosen to begin with: of a round in a grid its village, for disputes lie in villages."""
    if screening is not None:
        above = [place for place in places if is_within(screening.place.path, place.path)]
        return max(above, key=lambda place: place.depth).code if above else ""
    return places[0].code if len(places) == 1 else ""


def _form(
    request: HttpRequest,
    post: Actor,
    posted: QueryDict | None = None,
    problems: Mapping[str, str] | None = None,
    *,
    willing: str = "yes",
) -> HttpResponse:
    """The form with everything typed still in it."""
    problems = dict(problems or {})
    screening = _round((posted or request.GET).get("round", ""), post)
    places = _places(post)
    first = _first(places, screening)
    source = Source.PROACTIVE if screening or willing == "later" else Source.APPLIED
    own = {name: said for name, said in problems.items() if not name.startswith("parties.")}
    signed = posted.get("command", "") if posted else ""
    rows = party_rows(posted, problems, rows_in(posted) if posted else 2)
    context: dict[str, Any] = {
        "form": DisputeForm(
            posted, own, places=_grouped(places), initial={"source": source.value, "place": first}
        ),
        "rows": rows,
        "row_problems": any(row.problems for row in rows),
        "may_add": len(rows) < MOST_PARTIES,
        "command": signed if command_of(signed) else new_command(),
        "willing": willing,
        "round": screening,
        "committee": committee_of(post),
    }
    return render(request, "web/mediations/new.html", context, status=422 if problems else 200)


@requires("mediation.register")
@require_safe
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The codes of the applicants, once, to hand over; afterwards no member of staff can see them."""
    kept: list[str] = request.session.get(SHOWN_ONCE, [])
    found = get_object_or_404(Case.objects.numbered(codes.normalise_number(number)))
    post = post_of(request)
    if str(found.pk) not in kept:
        get_object_or_404(Case.objects.visible_to(post), pk=found.pk)
        messages.info(request, _("查询码只在登记后显示一次。"))
        return redirect("web:case", found.number)
    request.session[SHOWN_ONCE] = [each for each in kept if each != str(found.pk)]
    receipts.offer(request, found.pk)
    matter = get_object_or_404(Mediation.objects.select_related("case__holder", "category"), pk=found.pk)
    applicants = Party.objects.filter(case_id=found.pk, side=Side.APPLICANT).order_by("number")
    address = request.build_absolute_uri(reverse("portal:track"))
    context = {
        "case": matter.case,
        "matter": matter,
        "codes": [
            (party, codes.pretty(registering.party_code(found.pk, party.number))) for party in applicants
        ],
        "address": address,
        "picture": picture(address),
        "may_read": reading.may_read(found.pk, post),
        "can_see": Case.objects.visible_to(post).filter(pk=found.pk).exists(),
    }
    response = render(request, "web/mediations/receipt.html", context)
    response["Cache-Control"] = "no-store"
    return response

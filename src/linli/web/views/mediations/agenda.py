"""The calendar of whoever mediates, and the address under which other calendars read it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.kit import clock
from linli.kit.ids import uuid7
from linli.mediation.actions import calendars
from linli.mediation.models import Room
from linli.orgs.models import within
from linli.people import scope
from linli.people.access import post_of, public, requires
from linli.people.models import Person
from linli.web.views.moves import command_of

from .sessions import taken

WEEK = timedelta(days=7)
FARTHEST = timedelta(days=366)


@requires("mediation.mediate")
@require_http_methods(["GET", "POST"])
@never_cache
def calendar(request: HttpRequest) -> HttpResponse:
    """My sessions of a week, what is taken in the rooms of my committee, and the address of my calendar."""
    post, at = post_of(request), clock.now()
    person = Person.objects.get(pk=post.person_id)
    address = ""
    if request.method == "POST":
        token = calendars.feed_address(person=person, command_id=command_of(request))
        address = request.build_absolute_uri(reverse("calendar-feed", args=[token]))
    monday = monday_of(request.GET.get("week", ""), at)
    own = post.organisation
    offered = (
        list(Room.objects.filter(within("organisation__path", own.path), is_active=True).order_by("name"))
        if own
        else []
    )
    days = [
        {
            "day": day,
            "sittings": calendars.day_of(person, day),
            "taken": [t for t in taken(offered, day) if t.spans],
        }
        for day in (monday + timedelta(days=n) for n in range(7))
    ]
    context = {
        "days": days,
        "monday": monday,
        "before": monday - WEEK,
        "after": monday + WEEK,
        "today": timezone.localtime(at).date(),
        "address": address,
        "has_feed": calendars.has_feed(person),
        "command_id": uuid7(),
        "at": at,
    }
    return render(request, "web/mediations/calendar.html", context)


def monday_of(typed: str, at: datetime) -> date:
    today = timezone.localtime(at).date()
    try:
        day = parse_date(typed) or today
    except ValueError:
        day = today
    if abs(day - today) > FARTHEST:
        day = today
    return day - timedelta(days=day.weekday())


@requires("mediation.mediate")
@require_POST
def feed_removal(request: HttpRequest) -> HttpResponse:
    calendars.close_feed(person=Person.objects.get(pk=post_of(request).person_id))
    messages.success(request, _("日历地址已停用。"))
    return redirect("web:mediation_calendar")


@public
@require_GET
@never_cache
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """A mediator's calendar, for whoever knows its address; for nobody else does it exist."""
    with scope.everything():  # whose cases they are, the address itself says
        content = calendars.feed(token, clock.now())
    if content is None:
        raise Http404
    return HttpResponse(content, content_type="text/calendar; charset=utf-8")

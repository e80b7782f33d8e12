"""The working calendar: a year at a glance, its days, and what a change does to limits that are running."""

from __future__ import annotations

import calendar as months
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.cases.actions import calendar_days, recalculation
from linli.cases.models import CalendarDay
from linli.cases.procedures.calendar import Calendar, Day, current
from linli.cases.procedures.wording import MONTHS
from linli.kit import clock
from linli.people.access import requires
from linli.web.forms.manage_calendar import ConfirmForm, DayForm, NoticeForm, initial_day
from linli.web.views import paging

from . import history
from .pages import add_errors, county_post, show

BATCH = 100
MOST_SEEN = 10_000_000


@dataclass(frozen=True)
class Cell:
    """A day of the year view. state: work, rest, off, makeup; today is marked."""

    day: date
    state: str
    name: str
    is_today: bool


@dataclass(frozen=True)
class Month:
    name: str
    weeks: list[list[Cell | None]]


@requires("manage.calendar")
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    county_post(request)
    return redirect("web:manage_calendar_year", timezone.localdate(clock.now()).year)


@requires("manage.calendar")
@require_safe
def year(request: HttpRequest, year: int) -> HttpResponse:
    county_post(request)
    chosen = _chosen(request, year)
    initial = initial_day(chosen) if chosen else {"date": _date(request.GET.get("new", ""))}
    return _year_page(request, year, {"day": DayForm(initial=initial, auto_id="day-%s")}, chosen=chosen)


@requires("manage.calendar")
@require_POST
def days(request: HttpRequest) -> HttpResponse:
    """Adds or changes one day."""
    post = county_post(request)
    form = DayForm(request.POST, auto_id="day-%s")
    if form.is_valid():
        try:
            row = calendar_days.set_day(day=form.day(), by=post, at=clock.now())
        except calendar_days.CalendarError as error:
            add_errors(form, {error.field: error.message})
        else:
            messages.success(request, _("%(day)s 已保存。") % {"day": row.date.isoformat()})
            return redirect("web:manage_calendar_year", row.date.year)
    given = form.cleaned_data.get("date") if hasattr(form, "cleaned_data") else None
    shown = given.year if given else timezone.localdate(clock.now()).year
    return _year_page(request, shown, {"day": form}, refused=True)


@requires("manage.calendar")
@require_POST
def removal(request: HttpRequest, day: str) -> HttpResponse:
    post = county_post(request)
    on = _date(day)
    if on is None:
        raise Http404
    try:
        calendar_days.remove_day(on=on, by=post, at=clock.now())
    except calendar_days.CalendarError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("%(day)s 已删去，照星期算。") % {"day": on.isoformat()})
    return redirect("web:manage_calendar_year", on.year)


@requires("manage.calendar")
@require_POST
def confirmation(request: HttpRequest, year: int) -> HttpResponse:
    """Marks the year as published."""
    post = county_post(request)
    form = ConfirmForm(request.POST, auto_id="confirm-%s")
    if form.is_valid():
        try:
            source = form.cleaned_data["source"]
            n = calendar_days.confirm_year(year=year, source=source, by=post, at=clock.now())
        except calendar_days.CalendarError as error:
            add_errors(form, {error.field: error.message})
        else:
            said = ngettext("%(year)d 年已确认，%(n)d 天。", "%(year)d 年已确认，%(n)d 天。", n)
            messages.success(request, said % {"year": year, "n": n})
            return redirect("web:manage_calendar_year", year)
    return _year_page(request, year, {"confirm": form}, refused=True)


@requires("manage.calendar")
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """Takes in the yearly notice, pasted as lines."""
    post = county_post(request)
    form = NoticeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            taken = calendar_days.import_notice(
                days=given["lines"], source=given["source"], by=post, at=clock.now()
            )
        except calendar_days.CalendarError as error:
            add_errors(form, {error.field: error.message})
        else:
            for number, n in taken.items():
                said = ngettext("%(year)d 年录入 %(n)d 天。", "%(year)d 年录入 %(n)d 天。", n)
                messages.success(request, said % {"year": number, "n": n})
            return redirect("web:manage_calendar_year", max(taken))
    return show(request, "notice", {"form": form, "next_year": _next_year()}, refused=form.is_bound)


@requires("manage.calendar")
@require_http_methods(["GET", "HEAD", "POST"])
def recalculations(request: HttpRequest) -> HttpResponse:
    """Derives running limits again, one batch a press; the page presses on by itself until all is done."""
    county_post(request)
    running = recalculation.running_clocks()
    context: dict[str, Any] = {"running": running, "is_behind": recalculation.is_behind(), "done": 0}
    if request.method == "POST":
        key = paging.Key.parse("~" + request.POST.get("after", ""))
        after: tuple[UUID, int] | None = (key.id, key.number) if key else None
        step = recalculation.recalculate(at=clock.now(), after=after, limit=BATCH)
        seen = _count(request, "seen") + step.seen
        context |= {
            "step": step,
            "seen": seen,
            "changed": _count(request, "changed") + step.changed,
            "after": f"{step.after[0]}~{step.after[1]}" if step.after else "",
            "share": 100 * seen / (seen + step.left) if seen + step.left else 100,
            "is_behind": step.after is not None,
        }
    template = "recalculation_progress" if request.headers.get("HX-Request") else "recalculation"
    return show(request, template, context)


def _count(request: HttpRequest, name: str) -> int:
    given = request.POST.get(name, "")
    return min(int(given), MOST_SEEN) if given.isdigit() and len(given) < 9 else 0


def _year_page(
    request: HttpRequest,
    year: int,
    given: Mapping[str, forms.Form],
    *,
    chosen: CalendarDay | None = None,
    refused: bool = False,
) -> HttpResponse:
    if year not in calendar_days.YEARS:
        raise Http404
    known, rows = current(), days_of(year)
    context = {
        "year": year,
        "months": _months(year, known),
        "weekdays": _weekdays(),
        "rows": rows,
        "is_confirmed": year in known.confirmed_years,
        "horizon": known.confirmed_until,
        "working": sum(known.is_working(cell) for cell in _days_of(year)),
        "day_form": given.get("day") or DayForm(auto_id="day-%s"),
        "confirm_form": given.get("confirm") or ConfirmForm(auto_id="confirm-%s"),
        "chosen": chosen,
        "is_behind": recalculation.is_behind(),
        "history": history.of("year", year),
    }
    return show(request, "calendar", context, refused=refused)


def days_of(year: int) -> list[Day]:
    """The days of a year that differ from the rule, in order."""
    return [day for day in sorted(current().days.values(), key=lambda day: day.date) if day.date.year == year]


def _weekdays() -> list[str]:
    return [
        pgettext("weekday", "一"),
        pgettext("weekday", "二"),
        pgettext("weekday", "三"),
        pgettext("weekday", "四"),
        pgettext("weekday", "五"),
        pgettext("weekday", "六"),
        pgettext("weekday", "日"),
    ]


def _months(year: int, known: Calendar) -> list[Month]:
    today = timezone.localdate(clock.now())

    def cell(day: date, month: int) -> Cell | None:
        if day.month != month:
            return None
        return Cell(day, _state(day, known), known.name(day), day == today)

    grid = months.Calendar(firstweekday=0)
    return [
        Month(
            _(MONTHS[month - 1]),
            [[cell(day, month) for day in week] for week in grid.monthdatescalendar(year, month)],
        )
        for month in range(1, 13)
    ]


def _state(day: date, known: Calendar) -> str:
    row: Day | None = known.days.get(day)
    if row is not None:
        return "makeup" if row.is_working else "off"
    return "work" if known.is_working(day) else "rest"


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1).toordinal()
    return [date.fromordinal(n) for n in range(first, date(year + 1, 1, 1).toordinal())]


def _next_year() -> int:
    horizon = current().confirmed_until
    return horizon.year + 1 if horizon else timezone.localdate(clock.now()).year


def _chosen(request: HttpRequest, year: int) -> CalendarDay | None:
    """The day to be edited, of the table or still of the seed."""
    on = _date(request.GET.get("day", ""))
    row = current().days.get(on) if on and on.year == year else None
    if row is None:
        return None
    names = ("date", "is_working", "name_zh", "name_en", "source", "is_confirmed")
    return CalendarDay(**{name: getattr(row, name) for name in names})


def _date(given: str) -> date | None:
    try:
        return parse_date(given[:10])
    except ValueError:
        return None

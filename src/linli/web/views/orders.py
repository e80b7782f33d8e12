"""Orders of supervision on a set of cases: which are open and at whose desk, one with its cases, and each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.cases.actions import orders
from linli.cases.models import Case, CaseQuerySet, Order, OrderedCase, OrderState
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import moment_words, remaining
from linli.kit import clock
from linli.measures.actions import rounds
from linli.measures.models import Act
from linli.orgs.models import Kind, Organisation, is_within, within
from linli.people.access import Actor, post_of, requires
from linli.web.forms.orders import ActForm, AnswerForm, CheckForm, OrderForm, ReplyForm

from . import filters, paging, rows
from .filters import KIND
from .rounds import assesses, county_of, done

CLOSED = 20
APART = "act_%s"  # ids of a second form with the same field
UNITS = ("organisation", "unit", "desk__parent")


@dataclass(frozen=True)
class Line:
    """An order as lists show it: how it stands, how long is left, how many cases and how many of them are open."""

    order: Order
    words: str
    moment: str
    state: str
    cases: int
    open: int


@requires("measures.view")
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Open orders, first due first, fifty a page; below them the last that were closed."""
    post, at = post_of(request), clock.now()
    seen = Order.objects.visible_to(post).select_related(*UNITS)
    key = paging.Key.parse(request.GET.get("after", ""))
    waiting = seen.exclude(state=OrderState.CLOSED).order_by("due_at", "pk")
    if key is not None and key.at is not None:
        waiting = waiting.filter(Q(due_at__gt=key.at) | Q(due_at=key.at, pk__gt=key.id))
    found = list(waiting[: paging.SIZE + 1])
    page = found[: paging.SIZE]
    ended = list(seen.filter(state=OrderState.CLOSED).order_by("-closed_at", "pk")[:CLOSED])
    sizes = orders.sizes([*page, *ended])
    context = {
        "lines": [_line(each, sizes, at) for each in page],
        "more": str(paging.Key(page[-1].due_at, page[-1].pk)) if len(found) > len(page) else "",
        "closed": [_line(each, sizes, at) for each in ended],
        "may_order": post.may("case.supervise"),
    }
    return render(request, "web/orders.html", context)


@requires("case.supervise")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """An order on the cases of a list, chosen by the list's own filter, which stands in the address."""
    post, at = post_of(request), clock.now()
    asked, options, among = _chosen(request.GET, post, at)
    units = _units(among, asked, post)
    initial = {"unit": asked.unit or asked.place}
    form = OrderForm([(unit.code, unit.label) for unit in units], request.POST or None, initial=initial)
    title = " · ".join(each.label for each in asked.in_force(options)) or _("在办的全部")
    if request.method == "POST" and form.is_valid():
        unit = next(each for each in units if each.code == form.cleaned_data["unit"])
        made = done(
            form,
            lambda: orders.order(
                among=among,
                kind=KIND,
                unit=unit,
                title=title,
                words=form.cleaned_data["order"],
                by=post,
                at=at,
                command_id=form.cleaned_data["command"],
            ),
        )
        if made is not None:
            messages.success(request, _("督办已发出，等单位回复。"))
            return redirect("web:order", made.pk)
    derived = orders.derive(KIND, at)
    assert derived.due_at is not None
    shown = list(among.select_related("place__parent", "holder").order_by("due_at", "pk")[: CLOSED + 1])
    context = {
        "form": form,
        "title": title,
        "units": units,
        "rows": [rows.case_row(case, options, at) for case in shown[:CLOSED]],
        "is_longer": len(shown) > CLOSED,
        "limit": orders.limit_of(KIND).words,
        "moment": moment_words(derived.due_at, at, current()),
        "calc": derived.lines(),
        "provisional": derived.provisional,
        "query": request.GET.urlencode(),
    }
    return render(request, "web/order_new.html", context, status=422 if form.errors else 200)


@requires("measures.view")
@require_safe
def one(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return _page(request, _order(request, order_id))


@requires("measures.object")
@require_POST
def replies(request: HttpRequest, order_id: UUID) -> HttpResponse:
    found, post = _order(request, order_id), post_of(request)
    form = ReplyForm(request.POST)

    def step() -> Order:
        return orders.reply(order_=found, words=form.cleaned_data["words"], by=post, at=clock.now())

    return _answered(request, found, step, _("已回复，等核实。"), replying=form)


@requires("case.supervise")
@require_POST
def checks(request: HttpRequest, order_id: UUID) -> HttpResponse:
    found, post = _order(request, order_id), post_of(request)
    form = CheckForm(request.POST)

    def step() -> Order:
        words, at = form.cleaned_data["words"], clock.now()
        if form.cleaned_data["agrees"]:
            return orders.close(order_=found, words=words, by=post, at=at)
        return orders.send_back(order_=found, words=words, kind=KIND, by=post, at=at)

    return _answered(request, found, step, _("已记下。"), checking=form)


@requires("measures.assess")
@require_POST
def acts(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """An admonition, a circular or a reward that rests on this order, written by the county."""
    found, post = _order(request, order_id), post_of(request)
    form = ActForm(request.POST)
    if not assesses(post):
        raise Http404

    def write() -> Act:
        kind, words, county = form.cleaned_data["kind"], form.cleaned_data["text"], county_of(post)
        return rounds.act(
            county=county, unit=found.unit, kind=kind, words=words, order=found, by=post, at=clock.now()
        )

    return _answered(request, found, write, _("已记下，等单位回复。"), acting=form)


@requires("measures.object")
@require_POST
def answers(request: HttpRequest, act_id: UUID) -> HttpResponse:
    act = Act.objects.filter(pk=act_id, order__isnull=False).select_related("organisation").first()
    if act is None or act.order_id is None:
        raise Http404
    found, post = _order(request, act.order_id), post_of(request)
    form = AnswerForm(request.POST, auto_id=APART)

    def reply() -> Act:
        return rounds.reply(act_=act, words=form.cleaned_data["words"], by=post, at=clock.now())

    return _answered(request, found, reply, _("已回复。"), answering=form)


# Parts ------------------------------------------------------------------------------------------


def _answered(
    request: HttpRequest, found: Order, step: Callable[[], object], said: str, **given: forms.Form
) -> HttpResponse:
    """Takes the step where its form is in order, and goes back to the order; else the page with what is wrong."""
    ((name, form),) = given.items()
    if form.is_valid() and done(form, step):
        messages.success(request, said)
        return redirect("web:order", found.pk)
    return _page(request, found, status=422, **{name: form})


def _page(request: HttpRequest, found: Order, status: int = 200, **forms_: Any) -> HttpResponse:
    post, at = post_of(request), clock.now()
    cases = under(found, post).select_related("place__parent", "holder")
    page = paging.newest(cases, request.GET.get("after", ""))
    options = filters.options_for(post, "", units=False)
    is_own = bool(post.path) and is_within(post.path, found.unit.path) and post.may("measures.object")
    context = {
        "line": _line(found, orders.sizes([found]), at),
        "order": found,
        "events": found.events.select_related("organisation").order_by("number"),
        "page": page,
        "rows": [rows.case_row(case, options, at) for case in page.rows],
        "replying": (forms_.get("replying") or ReplyForm())
        if is_own and found.state == OrderState.OPEN
        else None,
        "checking": (forms_.get("checking") or CheckForm())
        if orders.may_check(found, post) and found.state == OrderState.ANSWERED
        else None,
    }
    context |= {
        "acts": Act.objects.filter(order=found).select_related("organisation").order_by("at", "pk"),
        "acting": (forms_.get("acting") or ActForm()) if assesses(post) else None,
        "answering": (forms_.get("answering") or AnswerForm(auto_id=APART)) if is_own else None,
    }
    return render(request, "web/order.html", context, status=status)


def under(order: Order, post: Actor) -> CaseQuerySet:
    """The cases under an order, as far as the post sees them."""
    ids = OrderedCase.objects.filter(order=order).values("case_id")
    return Case.objects.visible_to(post).filter(pk__in=ids)


def _order(request: HttpRequest, order_id: UUID) -> Order:
    seen = Order.objects.visible_to(post_of(request)).select_related(*UNITS)
    found = seen.filter(pk=order_id).first()
    if found is None:
        raise Http404
    return found


def _chosen(
    given: QueryDict, post: Actor, at: datetime
) -> tuple[filters.Filters, filters.Options, CaseQuerySet]:
    """What the address asks for, among the open requests the post may see."""
    asked = filters.Filters.read(given)
    options = filters.options_for(post, asked.place, units=True)
    seen = Case.objects.visible_to(post).filter(kind=KIND, is_open=True, accused_path="")
    return asked, options, asked.cases(seen.exclude(state="merged"), options, at)


def _units(among: CaseQuerySet, asked: filters.Filters, post: Actor) -> list[Organisation]:
    """Who may have to answer: townships below the post, who handles one of the cases, whom the filter names."""
    holders = among.order_by().exclude(holder=None).values("holder_id")
    wanted = Q(kind=Kind.TOWNSHIP) | Q(pk__in=holders) | Q(code__in=[asked.unit, asked.place])
    below = Organisation.objects.standing().filter(within("path", post.path)).exclude(path=post.path)
    return list(below.filter(wanted).order_by("path")[:200])


def _line(found: Order, sizes: dict[UUID, tuple[int, int]], at: datetime) -> Line:
    known = current()
    every, still = sizes.get(found.pk, (0, 0))
    left = remaining(found.due_at, at, known)
    is_open = found.state == OrderState.OPEN
    state = "late" if left.is_late else "soon" if left.is_soon else ""
    words = left.words if is_open else str(found.get_state_display())
    moment = moment_words(found.due_at, at, known) if is_open else ""
    return Line(found, words, moment, state if is_open else "done", every, still)

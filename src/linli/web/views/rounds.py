"""Rounds of assessment: the list, one round with every number in it, objections, rulings, and the signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.cases.actions import BadData, CommandError
from linli.kit import clock
from linli.measures.actions import reckoning, rounds
from linli.measures.formulas.faults import family
from linli.measures.formulas.indicators import Indicator
from linli.measures.formulas.schemes import measured, schemes
from linli.measures.models import Act, Objection, Round, RoundState
from linli.orgs.models import Organisation, is_within
from linli.people.access import Actor, post_of, requires
from linli.web.forms import rounds as given

from .figures.asked import Asked
from .figures.lines import of_kind


@dataclass(frozen=True)
class Item:
    """One indicator of a unit: its numbers and the points it earned."""

    indicator: Indicator
    row: dict[str, Any]
    part: str = ""  # where its two numbers lead
    whole: str = ""


@dataclass(frozen=True)
class Line:
    """A unit and what it comes to; `before` is its score before rulings, where those changed it."""

    unit: Organisation
    result: dict[str, Any]
    before: str | None
    items: list[Item]

    @property
    def score(self) -> str | None:
        found: str | None = self.result["score"]
        return found


@requires("measures.view")
@require_http_methods(["GET", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """Every round there is, newest first; a form for whoever computes one."""
    post = post_of(request)
    county = county_of(post)
    form = given.NewRoundForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not assesses(post):
            raise Http404
        made = done(form, lambda: _compute(form, county, post)) if form.is_valid() else None
        if made is not None:
            messages.success(request, _("已算好，只有县里看得到。核对以后再公示。"))
            return redirect("web:round", made.pk)
    found = Round.objects.visible_to(post).order_by("-begins_on", "scheme")
    shown = [
        (each, schemes()[each.scheme].label if each.scheme in schemes() else each.scheme) for each in found
    ]
    context = {"rounds": shown, "form": form, "may_assess": assesses(post), "county": county}
    return render(request, "web/rounds.html", context, status=422 if form.errors else 200)


@requires("measures.view")
@require_safe
def one(request: HttpRequest, round_id: UUID) -> HttpResponse:
    return _page(request, _round(request, round_id))


@requires("measures.assess")
@require_POST
def publication(request: HttpRequest, round_id: UUID) -> HttpResponse:
    return _step(request, round_id, rounds.publish, _("已公示，被考评的单位现在可以提出异议。"))


@requires("measures.assess")
@require_POST
def signature(request: HttpRequest, round_id: UUID) -> HttpResponse:
    return _step(request, round_id, rounds.sign, _("已签发，结果不再改变，并记入总账。"))


@requires("measures.object")
@require_POST
def objections(request: HttpRequest, round_id: UUID) -> HttpResponse:
    found, post = _round(request, round_id), post_of(request)
    form = given.ObjectionForm(request.POST)
    unit = _own_unit(found, post)
    if unit is None:
        raise Http404
    made = form.is_valid() and done(
        form,
        lambda: rounds.object_to(
            round_=found,
            unit=unit,
            words=form.cleaned_data["words"],
            cases=form.cleaned_data["cases"],
            by=post,
            at=clock.now(),
        ),
    )
    if made:
        messages.success(request, _("异议已提出，县里会裁定并写明理由。"))
        return redirect("web:round", found.pk)
    return _page(request, found, objecting=form, status=422)


@requires("measures.assess")
@require_POST
def ruling(request: HttpRequest, objection_id: UUID) -> HttpResponse:
    objection = Objection.objects.filter(pk=objection_id).select_related("round__organisation").first()
    if objection is None:
        raise Http404
    found, post = _of_county(request, objection.round_id), post_of(request)
    form = given.RulingForm(request.POST)
    said = form.is_valid() and done(
        form, lambda: rounds.rule_on(objection=objection, by=post, at=clock.now(), **form.cleaned_data)
    )
    if said:
        messages.success(request, _("已裁定。"))
        return redirect("web:round", found.pk)
    return _page(request, found, ruling=(objection.pk, form), status=422)


@requires("measures.assess")
@require_POST
def adjustments(request: HttpRequest, round_id: UUID) -> HttpResponse:
    found, post = _of_county(request, round_id), post_of(request)
    form = given.AdjustmentForm(_names(found), request.POST)

    def adjust() -> object:
        data = dict(form.cleaned_data)
        unit = Organisation.objects.get(code=data.pop("unit"))
        return rounds.adjust(round_=found, unit=unit, by=post, at=clock.now(), **data)

    if form.is_valid() and done(form, adjust):
        messages.success(request, _("加减分已记下，签发时计入。"))
        return redirect("web:round", found.pk)
    return _page(request, found, adjusting=form, status=422)


@requires("measures.assess")
@require_POST
def acts(request: HttpRequest, round_id: UUID) -> HttpResponse:
    found, post = _of_county(request, round_id), post_of(request)
    form = given.ActForm(_names(found), request.POST)

    def write() -> object:
        unit = Organisation.objects.get(code=form.cleaned_data["unit"])
        kind, words = form.cleaned_data["kind"], form.cleaned_data["text"]
        county = found.organisation
        return rounds.act(
            county=county, unit=unit, kind=kind, words=words, round_=found, by=post, at=clock.now()
        )

    if form.is_valid() and done(form, write):
        messages.success(request, _("已记下，等单位回复。"))
        return redirect("web:round", found.pk)
    return _page(request, found, acting=form, status=422)


@requires("measures.object")
@require_POST
def answers(request: HttpRequest, act_id: UUID) -> HttpResponse:
    act = Act.objects.filter(pk=act_id, round__isnull=False).select_related("organisation").first()
    if act is None or act.round_id is None:
        raise Http404
    found, post = _round(request, act.round_id), post_of(request)
    if _own_unit(found, post) != act.organisation:
        raise Http404
    form = given.ReplyForm(request.POST)
    if form.is_valid() and done(
        form, lambda: rounds.reply(act_=act, words=form.cleaned_data["words"], by=post, at=clock.now())
    ):
        messages.success(request, _("已回复。"))
        return redirect("web:round", found.pk)
    return _page(request, found, replying=(act.pk, form), status=422)


# Parts ------------------------------------------------------------------------------------------


def _page(request: HttpRequest, found: Round, status: int = 200, **forms_: Any) -> HttpResponse:
    post, at = post_of(request), clock.now()
    may_assess, own = assesses(post), _own_unit(found, post)
    names = _names(found)
    runs = found.state == RoundState.PUBLISHED and found.objections_until is not None
    is_open = runs and found.objections_until is not None and at < found.objections_until
    mine = None if _atcounty_of(post) else own
    said = found.objections.select_related("organisation").order_by("at")
    done = found.acts.visible_to(post).select_related("organisation").order_by("at")
    extra = found.adjustments.select_related("organisation").order_by("at")
    context = {
        "round": found,
        "scheme": reckoning.scheme_of(found),
        "redefined": rounds.redefined(found),
        "lines": _lines(found, mine, post),
        "objections": said.filter(organisation=mine) if mine else said,
        "acts": done,
        "adjustments": extra.filter(organisation=mine) if mine else extra,
        "own": own,
        "may_assess": may_assess,
        "may_object": own is not None and is_open and post.may("measures.object"),
        "may_sign": may_assess and runs and not is_open,
        "is_open": is_open,
        "objecting": forms_.get("objecting") or given.ObjectionForm(),
        "adjusting": forms_.get("adjusting") or given.AdjustmentForm(names),
        "acting": forms_.get("acting") or given.ActForm(names),
        "ruling": given.RulingForm(),
        "replying": given.ReplyForm(),
        "refused": next((form for form in _refused(forms_)), None),
    }
    return render(request, "web/round.html", context, status=status)


def _refused(forms_: dict[str, Any]) -> list[forms.Form]:
    found = [form[1] if isinstance(form, tuple) else form for form in forms_.values()]
    return [form for form in found if form.errors]


def _item(row: dict[str, Any], known: Indicator, asked: Asked | None, more: dict[str, str]) -> Item:
    """An item with the lists behind its numbers, as they stand now."""
    if asked is None:
        return Item(known, row)
    part, whole = (asked.href(*each.written, more=more) for each in (known.part, known.whole))
    return Item(known, row, part if row["part"] else "", whole if row["whole"] else "")


def _lines(found: Round, mine: Organisation | None, post: Actor) -> list[Line]:
    results = found.final or found.results
    units = {unit.code: unit for unit in Organisation.objects.filter(code__in=list(results))}
    seen = {code for code, unit in units.items() if is_within(unit.path, post.path)}
    rule, last = reckoning.scheme_of(found), found.last_day
    more = {"axis": rule.axis, **of_kind(family(rule.kinds[0]))}
    if last.month != found.begins_on.month:
        more["until"] = f"{last:%Y-%m}"
    return [
        Line(
            units[code],
            result,
            found.results[code]["score"] if found.final else None,
            [
                _item(row, known, Asked(units[code], found.begins_on) if code in seen else None, more)
                for row in result["items"]
                if (known := measured(row["indicator"]))
            ],
        )
        for code, result in sorted(results.items())
        if code in units and mine in (None, units[code])
    ]


def _names(found: Round) -> dict[str, str]:
    units = Organisation.objects.filter(code__in=list(found.results)).order_by("code")
    return {unit.code: unit.label for unit in units}


def _compute(form: given.NewRoundForm, county: Organisation, post: Actor) -> Round:
    return rounds.compute(county=county, by=post, at=clock.now(), **form.cleaned_data)


def _step(request: HttpRequest, round_id: UUID, step: Callable[..., Round], said: str) -> HttpResponse:
    found = _of_county(request, round_id)
    try:
        step(round_=found, by=post_of(request), at=clock.now())
    except CommandError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, said)
    return redirect("web:round", found.pk)


def done(form: forms.Form, step: Callable[[], Any]) -> Any:
    """What the step made; None where it was refused, which the form then says."""
    try:
        return step()
    except BadData as error:
        for name, words in error.errors.items():
            form.add_error(name if name in form.fields else None, words)
    except CommandError as error:
        form.add_error(None, str(error))
    return None


def _round(request: HttpRequest, round_id: UUID) -> Round:
    """The round, if the post's county held it, and it is the county's own or published."""
    post = post_of(request)
    found = Round.objects.visible_to(post).filter(pk=round_id).select_related("organisation").first()
    if found is None:
        raise Http404
    return found


def _of_county(request: HttpRequest, round_id: UUID) -> Round:
    """The round, for posts of the county that assess."""
    if not assesses(post_of(request)):
        raise Http404
    return _round(request, round_id)


def _own_unit(found: Round, post: Actor) -> Organisation | None:
    """The assessed unit the post belongs to."""
    units = Organisation.objects.filter(code__in=list(found.results))
    return next((unit for unit in units if post.path and is_within(post.path, unit.path)), None)


def county_of(post: Actor) -> Organisation:
    county = Organisation.objects.filter(path=post.path.split("/")[0] + "/").first()
    if county is None:
        raise Http404
    return county


def _atcounty_of(post: Actor) -> bool:
    return post.path.count("/") == 1


def assesses(post: Actor) -> bool:
    return post.may("measures.assess") and _atcounty_of(post)

"""What each step of an application for mediation shows."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from linli.kit import clock
from linli.mediation.models import Category, Sex
from linli.orgs.models import Organisation
from linli.portal import actions
from linli.portal.forms import lists_for
from linli.portal.forms.dispute import LABELS, MOST, MOST_REQUESTS, SIDES, STEPS, Dispute, Somebody
from linli.portal.views.client import not_kept
from linli.portal.views.county import county_of
from linli.portal.views.places import full_label
from linli.portal.views.report.pages import Wrong, marked

STEP_LABELS = {
    "willing": pgettext_lazy("step", "意愿"),
    "what": pgettext_lazy("step", "什么事"),
    "where": pgettext_lazy("step", "在哪里"),
    "who": pgettext_lazy("step", "哪些人"),
    "check": pgettext_lazy("step", "核对"),
}
ROWS = 3
FOLDED = ("sex", "ethnicity", "born_on", "occupation")


def willing(request: HttpRequest, draft: Dispute, errors: dict[str, str] | None = None) -> HttpResponse:
    return _page(request, "willing", draft, errors)


def unwilling(request: HttpRequest, draft: Dispute) -> HttpResponse:
    """The routes of the law, for whoever does not wish to mediate. Nothing is stored."""
    return not_kept(render(request, "portal/disputes/unwilling.html"))


def what(request: HttpRequest, draft: Dispute, errors: dict[str, str] | None = None) -> HttpResponse:
    rows = list(draft.requests) + [""] * (ROWS - len(draft.requests))
    context: dict[str, Any] = {
        "categories": Category.objects.filter(is_active=True).order_by("position"),
        "rows": rows,
        "may_add": len(rows) < MOST_REQUESTS,
    }
    return _page(request, "what", draft, errors, **context)


def where(
    request: HttpRequest,
    draft: Dispute,
    errors: dict[str, str] | None = None,
    *,
    disagree: tuple[Organisation, Organisation] | None = None,
) -> HttpResponse:
    county = county_of(request)
    context: dict[str, Any] = {
        **lists_for(county, draft.where),
        "map_of": draft.village or draft.town or county.code,
        "disagree": [full_label(unit) for unit in disagree] if disagree else None,
        "tiles": settings.TILES_URL,
        "attribution": settings.TILES_ATTRIBUTION,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if disagree else HTTPStatus.OK
    return _page(request, "where", draft, errors, status=status, **context)


def who(request: HttpRequest, draft: Dispute, errors: dict[str, str] | None = None) -> HttpResponse:
    found = errors or {}
    sides = [
        {
            "name": side,
            "people": [_shown(draft, side, n, found) for n in range(len(draft.of(side)))],
            "may_add": len(draft.of(side)) < MOST,
        }
        for side in SIDES
    ]
    return _page(request, "who", draft, errors, sides=sides, sexes=Sex.choices, most=MOST)


def _shown(draft: Dispute, side: str, n: int, errors: dict[str, str]) -> dict[str, Any]:
    """One person of the form; what may be left out is unfolded where something stands or is wrong in it."""
    somebody = draft.of(side)[n]
    wrong = _errors_of(f"{side}-{n}-", errors)
    return {
        "n": n,
        "id": f"{side}-{n}",
        "who": somebody,
        "errors": wrong,
        "label": _who_label(side, n, len(draft.of(side))),
        "is_open": somebody.has_more or not wrong.keys().isdisjoint(FOLDED),
    }


def _errors_of(prefix: str, errors: dict[str, str]) -> dict[str, str]:
    return {name.removeprefix(prefix): said for name, said in errors.items() if name.startswith(prefix)}


def _who_label(side: str, n: int, count: int) -> str:
    if side == "applicant":
        return _("您") if n == 0 else _("和您一方的第 %(n)s 人") % {"n": n + 1}
    return _("对方") if count == 1 else _("对方第 %(n)s 人") % {"n": n + 1}


def check(
    request: HttpRequest,
    draft: Dispute,
    errors: dict[str, str] | None = None,
    *,
    place: Organisation | None = None,
    is_reused: bool = False,
    is_too_soon: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        "category": Category.objects.filter(pk=draft.category).first(),
        "place": full_label(place) if place else "",
        "brief_parts": marked(draft.brief),
        "people": [
            {"who": each, "label": _who_label(side, n, len(draft.of(side))), "said": _said(each)}
            for side, n, each in draft.everybody
        ],
        "is_reused": is_reused,
        "is_too_soon": is_too_soon,
    }
    return _page(request, "check", draft, errors, status=status, **context)


def _said(somebody: Somebody) -> list[str]:
    """What was written about one person besides the name."""
    sex = str(dict(Sex.choices).get(somebody.sex, ""))
    parts = (somebody.phone, sex, somebody.ethnicity, somebody.born, somebody.occupation, somebody.home)
    return [part.strip() for part in parts if part.strip()]


def _label(name: str) -> str:
    """The name of a field in the summary of what is wrong; of a person's, with whose it is."""
    side, _dash, rest = name.partition("-")
    if side not in SIDES:
        return str(LABELS.get(name, ""))
    n, _dash, each = rest.partition("-")
    whose = _who_label(side, int(n), 2)
    return _("%(whose)s，%(field)s") % {"whose": whose, "field": LABELS.get(each, "")}


def _page(
    request: HttpRequest,
    step: str,
    draft: Dispute,
    errors: dict[str, str] | None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    **context: Any,
) -> HttpResponse:
    wrong = [Wrong(name, _label(name), said) for name, said in (errors or {}).items()]
    context |= {
        "step": step,
        "draft": draft,
        "hidden": draft.hidden(step),
        "bits": actions.bits_now(clock.now()),
        "errors": errors or {},
        "wrong": wrong,
        "steps": _steps(step),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else status
    return not_kept(render(request, f"portal/disputes/{step}.html", context, status=status))


def _steps(step: str) -> list[dict[str, Any]]:
    here = STEPS.index(step)
    return [
        {"n": n + 1, "label": STEP_LABELS[name], "css": "is-done" if n < here else "", "is_now": n == here}
        for n, name in enumerate(STEPS)
    ]


PAGES: dict[str, Callable[..., HttpResponse]] = {
    "willing": willing,
    "what": what,
    "where": where,
    "who": who,
    "check": check,
}

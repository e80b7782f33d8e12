"""What each step of the report shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from linli.documents import actions as documents
from linli.documents.forms import staged
from linli.kit import clock, text
from linli.orgs.models import Kind, Organisation, within
from linli.portal import actions
from linli.portal.forms import LABELS, STEPS, Draft, lists_for, same_token
from linli.portal.views.client import not_kept
from linli.portal.views.county import county_of
from linli.portal.views.places import full_label
from linli.service_requests.actions import LONGEST, Likeness
from linli.service_requests.models import Category, Photo, RequestType

TYPE_HINTS: dict[str, Promise] = {
    RequestType.HELP: gettext_lazy("有难处、有东西坏了，想请人来办。"),
    RequestType.ENQUIRY: gettext_lazy("想弄清政策、手续、找谁办。"),
    RequestType.COMPLAINT: gettext_lazy("自己的权益受了影响，或对服务不满意，要求处理。"),
    RequestType.ACCUSATION: gettext_lazy("反映单位或个人违规违纪。内容和您的身份都不会转给被举报的单位。"),
    RequestType.SUGGESTION: gettext_lazy("有什么想法能让村里、镇里更好。"),
}
STEP_LABELS = {
    "what": pgettext_lazy("step", "什么事"),
    "where": pgettext_lazy("step", "在哪里"),
    "photos": pgettext_lazy("step", "照片"),
    "contact": pgettext_lazy("step", "联系方式"),
}


@dataclass(frozen=True)
class Wrong:
    """One line of the summary above a form: the field to go to, its name and what to do."""

    field: str
    label: str
    message: str


def what(request: HttpRequest, draft: Draft, errors: dict[str, str] | None = None) -> HttpResponse:
    groups = Category.objects.filter(parent=None, is_active=True).order_by("position")
    children = Category.objects.filter(is_active=True).order_by("position")
    context: dict[str, Any] = {
        "groups": groups.prefetch_related(Prefetch("children", children)),
        "group": draft.category.split(".")[0],
        "types": [(kind.value, kind.label, TYPE_HINTS[kind]) for kind in RequestType],
        "longest": LONGEST,
    }
    return _page(request, "what", draft, ("text", "category", "request_type", "advised"), errors, **context)


def advice(request: HttpRequest, draft: Draft, category: Category) -> HttpResponse:
    """What to do first, where waiting would be dangerous."""
    context = {"category": category, "hidden": draft.hidden("advised"), "steps": _steps("what")}
    return not_kept(render(request, "portal/report/advice.html", context))


def where(
    request: HttpRequest,
    draft: Draft,
    errors: dict[str, str] | None = None,
    *,
    disagree: tuple[Organisation, Organisation] | None = None,
    place: Organisation | None = None,
    likely: Sequence[Likeness] = (),
) -> HttpResponse:
    county = county_of(request)
    shown = ("town", "village", "grid", "address", "lon", "lat", "prefer", "same")
    context = {
        "county": county,
        **lists_for(county, draft),
        "map_of": draft.village or draft.town or county.code,
        "place": full_label(place) if place else "",
        "disagree": [full_label(unit) for unit in disagree] if disagree else None,
        "likely": [_similar(each) for each in likely],
        "tiles": settings.TILES_URL,
        "attribution": settings.TILES_ATTRIBUTION,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if disagree else HTTPStatus.OK
    return _page(request, "where", draft, shown, errors, status=status, **context)


def _similar(likeness: Likeness) -> dict[str, Any]:
    """All a stranger learns of somebody else's matter: its title without numbers, how far, how long ago, its state."""
    case = likeness.case
    return {
        "title": text.mask(case.title, text.mask_candidates(case.title)),
        "metres": round(likeness.metres, -1) if likeness.metres is not None else None,
        "days": max((clock.now() - case.received_at) // timedelta(days=1), 0),
        "state": case.stage.told_others,
        "token": same_token(case.pk),
    }


def photos(request: HttpRequest, draft: Draft, errors: dict[str, str] | None = None) -> HttpResponse:
    category = Category.objects.filter(pk=draft.category).first()
    context: dict[str, Any] = {
        "asked": category is not None and category.photo == Photo.ASK,
        "unwanted": category is not None and category.photo == Photo.NO,
        "uploads": staged(request, draft.photos),
        "most": documents.MAX_PHOTOS,
        "room": max(documents.MAX_PHOTOS - len(draft.photos), 0),
    }
    return _page(request, "photos", draft, ("photos",), errors, **context)


def contact(
    request: HttpRequest,
    draft: Draft,
    errors: dict[str, str] | None = None,
    *,
    is_reused: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    category = Category.objects.filter(pk=draft.category).select_related("parent").first()
    place = Organisation.objects.filter(code=draft.grid or draft.village or draft.town).first()
    place = place or county_of(request)
    context = {
        "category": category,
        "type_label": dict(RequestType.choices).get(draft.request_type, ""),
        "place": full_label(place),
        "uploads": staged(request, draft.photos),
        "text_parts": marked(draft.text),
        "address_parts": marked(draft.address),
        "has_numbers": bool(text.mask_candidates(draft.text) or text.mask_candidates(draft.address)),
        "units": _accusable(county_of(request), place) if draft.is_accusation else [],
        "is_reused": is_reused,
    }
    shown = ("contact_name", "contact_phone", "keep", "publish", "accused")
    return _page(request, "contact", draft, shown, errors, status=status, **context)


def marked(words: str) -> list[tuple[str, bool]]:
    """The words in pieces; True for a piece that looks like somebody's number."""
    pieces, at = [], 0
    for span in text.mask_candidates(words):
        pieces += [(words[at : span.start], False), (words[span.start : span.end], True)]
        at = span.end
    return [piece for piece in [*pieces, (words[at:], False)] if piece[0]]


def _accusable(county: Organisation, place: Organisation) -> list[tuple[str, list[Organisation]]]:
    """The units a report of wrongdoing may be about: those of the township, then those of the county."""
    kinds = (Kind.COUNTY, Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY, Kind.DEPARTMENT, Kind.CENTRE)
    town = place.ancestor_paths[1] if place.depth > 0 else ""
    units = Organisation.objects.filter(within("path", county.path), kind__in=kinds, valid_until=None)
    near, far = [], []
    for unit in units.order_by("path"):
        if town and unit.path.startswith(town):
            near.append(unit)
        elif unit.parent_id == county.pk or unit.pk == county.pk:
            far.append(unit)
    return [(group, found) for group, found in ((_("本乡镇"), near), (_("全县"), far)) if found]


def accused_of(draft: Draft) -> Organisation | None:
    if not draft.is_accusation or not draft.accused:
        return None
    return Organisation.objects.filter(code=draft.accused, valid_until=None).first()


def still_there(request: HttpRequest, draft: Draft) -> list[str]:
    """The photos of the draft that have not gone in the meantime."""
    return [str(upload.id) for upload in staged(request, draft.photos)]


def _page(
    request: HttpRequest,
    step: str,
    draft: Draft,
    shown: tuple[str, ...],
    errors: dict[str, str] | None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    **context: Any,
) -> HttpResponse:
    wrong = [Wrong(name, str(LABELS.get(name, "")), said) for name, said in (errors or {}).items()]
    context |= {
        "step": step,
        "draft": draft,
        "hidden": draft.hidden(*shown, "proof"),
        "bits": actions.bits_now(clock.now()),
        "errors": errors or {},
        "wrong": wrong,
        "steps": _steps(step),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else status
    return not_kept(render(request, f"portal/report/{step}.html", context, status=status))


def _steps(step: str) -> list[dict[str, Any]]:
    here = STEPS.index(step)
    return [
        {
            "n": n + 1,
            "label": STEP_LABELS[name],
            "css": "is-done" if n < here else "",
            "is_now": n == here,
        }
        for n, name in enumerate(STEPS)
    ]


PAGES: dict[str, Callable[..., HttpResponse]] = {
    "what": what,
    "where": where,
    "photos": photos,
    "contact": contact,
}

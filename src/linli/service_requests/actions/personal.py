"""What a request holds on whoever reported it: copied to them, corrected, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from linli.cases.actions import BadData, finding
from linli.cases.models import Case, Event, TrackingCode
from linli.documents.actions import removing
from linli.kit import text
from linli.privacy.actions import erasing, keepers
from linli.service_requests.actions.questions import told
from linli.service_requests.models import Category, Request

KIND = "service_request"


def _copy(case: Case, _party: int | None) -> dict[str, Any]:
    request = Request.objects.get(pk=case.pk)
    events = list(Event.objects.filter(case_id=case.pk).select_related("organisation").order_by("number"))
    category = Category.objects.filter(pk=case.category).first()
    first = events[0].data or {} if events else {}
    return {
        "title": case.title,
        "type": str(request.get_request_type_display()),
        "text": request.text,
        "category": category.label if category else case.category,
        "answers": [list(pair) for pair in told(str(first.get("category", "")), first.get("answers", {}))],
        "contact": {"name": request.contact_name, "phone": request.contact_phone},
        "is_identity_kept": case.is_identity_kept,
        "may_publish": request.may_publish,
        "address": case.address,
        "place": case.place.label if case.place else "",
        "point": [case.lon, case.lat] if case.lon is not None else None,
        "steps": [
            _step(event, case) for event in events if event.is_public or event.actor_kind == "reporter"
        ],
    }


def _step(event: Event, case: Case) -> dict[str, Any]:
    """A step as its reporter may read it: units, never names of staff."""
    return {
        "at": event.at.isoformat(),
        "what": str(case.procedure.move_of(event.kind).done),
        "unit": event.organisation.label if event.organisation else "",
        "said": list(finding.said(event, case.procedure)),
    }


def _correct(case: Case, _party: int | None, given: Mapping[str, str]) -> None:
    request = Request.objects.select_for_update().get(pk=case.pk)
    name, phone = " ".join(text.clean(given.get("name", "")).split()), given.get("phone", "").strip()
    if len(name) > 50:
        raise BadData({"name": _("最多%(n)d个字。") % {"n": 50}})
    if phone and not text.is_phone(phone):
        raise BadData({"phone": _("这个电话号码看起来不对，请只写数字，例如 0712-0000-000。")})
    request.contact_name = name or request.contact_name
    request.contact_phone = phone or request.contact_phone
    request.save(update_fields=["contact_name", "contact_phone"])


def _erase_person(case: Case, _party: int | None) -> keepers.Removed:
    """What the reporter wrote and gave; what units wrote in handling it stays."""
    removed = {
        "words": erasing.events(case, lambda event: event.actor_kind == "reporter" or event.number == 1)
    }
    removed |= removing.remove_own(case)
    removed |= _empty(case)
    erasing.headline(case)
    return removed


def _erase_case(case: Case) -> keepers.Removed:
    removed = {"words": erasing.events(case, lambda event: True)} | _empty(case)
    removed["codes"] = TrackingCode.objects.filter(case_id=case.pk).delete()[0]
    return removed


def _empty(case: Case) -> keepers.Removed:
    request = Request.objects.select_for_update().get(pk=case.pk)
    had = sum(bool(each) for each in (request.contact_name, request.contact_phone))
    request.text, request.contact_name, request.contact_phone, request.may_publish = "", "", "", False
    request.save(update_fields=["text", "contact_name", "contact_phone", "may_publish"])
    return {"contact": had}


def install() -> None:
    """Makes known what a request holds on its reporter."""
    keepers.add([KIND], keepers.Keeper(_copy, _correct, _erase_person, _erase_case, "case.dispatch"))

"""Cases, events and units as programs read them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _

from linli.cases.actions import paging
from linli.cases.actions.feed import may_read
from linli.cases.models import Case, Clock, Event
from linli.mediation.models import Category as Dispute
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.service_requests.models import Category

from .door import visit_of
from .problems import invalid
from .reading import is_text

REQUEST = "service_request"
MEDIATIONS = ("mediation", "mediation_medical", "mediation_labour")


def unit(found: Organisation | None) -> dict[str, str] | None:
    return {"code": found.code, "name": found.label} if found is not None else None


def names_of(cases: Iterable[Case]) -> dict[str, str]:
    """The categories of these cases in words, from one statement a kind."""
    codes = {case.category for case in cases if case.kind == REQUEST}
    disputes = {case.category for case in cases if case.kind in MEDIATIONS}
    names = {row.code: row.label for row in Category.objects.filter(code__in=codes)} if codes else {}
    if disputes:
        names |= {row.code: row.label for row in Dispute.objects.filter(code__in=disputes)}
    return names


def case_row(case: Case, names: Mapping[str, str]) -> dict[str, Any]:
    """What every list may show of a case: nothing anybody wrote."""
    return {
        "number": case.number,
        "kind": case.kind,
        "state": case.state,
        "state_name": str(case.stage.label),
        "category": {"code": case.category, "name": names.get(case.category, "")},
        "level": case.level,
        "channel": case.channel,
        "place": unit(case.place),
        "holder": unit(case.holder),
        "received_at": case.received_at,
        "due_at": case.due_at,
        "closed_at": case.closed_at,
        "is_open": case.is_open,
        "is_late": case.is_late,
        "is_paused": case.is_paused,
        "version": case.version,
    }


def clocks_of(case: Case) -> list[dict[str, Any]]:
    rules = case.procedure.clocks
    return [
        {
            "name": clock.name,
            "label": str(rules[clock.name].label),
            "is_promise": rules[clock.name].is_promise,
            "started_at": clock.started_at,
            "due_at": clock.due_at,
            "stopped_at": clock.stopped_at,
            "missed_at": clock.missed_at,
        }
        for clock in Clock.objects.filter(case_id=case.pk).order_by("number")
    ]


def history_of(case: Case, actor: Actor) -> list[dict[str, Any]]:
    """What happened, as far as this post may read it."""
    events = Event.objects.filter(case_id=case.pk).select_related("organisation", "unit").order_by("number")
    return [event_out(event, case) for event in events if may_read(event, actor)]


def event_out(event: Event, case: Case) -> dict[str, Any]:
    return {
        "number": event.number,
        "verb": event.verb,
        "label": str(case.procedure.move_of(event.kind).done),
        "at": event.at,
        "state": event.state,
        "by": event.organisation.label if event.organisation else event.actor_kind,
        "unit": unit(event.unit),
        "is_public": event.is_public,
        "data": data_of(event, case) or {},
    }


def data_of(event: Event, case: Case) -> dict[str, Any] | None:
    """What was said. Of a mediation nothing: its words open behind its own gate alone."""
    return dict(event.data or {}) if case.kind not in MEDIATIONS else None


# Pages ------------------------------------------------------------------------------------------


def cursor(key: str) -> str:
    """A key as an address carries it; what it is made of is nobody's business."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=") if key else ""


def uncovered(given: str) -> str:
    """What a cursor holds; one no page gave is refused, lest a list begin anew unnoticed."""
    try:
        found = base64.urlsafe_b64decode(given.encode("ascii") + b"=" * (-len(given) % 4)).decode()
    except (UnicodeError, binascii.Error, ValueError):
        raise cursor_refused() from None
    if not is_text(found):
        raise cursor_refused()
    return found


def key_of(given: str) -> str:
    """The key in a cursor of a list of cases."""
    found = uncovered(given)
    if given and paging.Key.parse(found) is None:
        raise cursor_refused()
    return found


def cursor_refused() -> Exception:
    return invalid({"after": _("这不是上一页给的游标。")})


def turned(request: HttpRequest, more: str) -> str | None:
    """The cursor that goes on, in the answer and as a Link."""
    if not more:
        return None
    given = request.GET.dict() | {"after": more}
    visit_of(request).headers["Link"] = f'<{request.path}?{urlencode(given)}>; rel="next"'
    return more


def tag(case: Case) -> str:
    return f'"{case.version}"'

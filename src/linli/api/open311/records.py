"""Requests as everybody may see them, a constant number of statements however many there are.

Nothing here is read from a request that `public_view` has not allowed: words, exact place, answers of the unit and
photos only where the reporter agreed, and then masked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from linli.cases.models import Case, CaseQuerySet, Event
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import moment_words
from linli.cases.procedures.model import Move
from linli.documents.models import Attachment, Purpose
from linli.orgs.models import Organisation
from linli.service_requests.actions import PublicRequest, masked, public_view, published, written
from linli.service_requests.models import Category, Request

from .door import Visit

SHOWN = (Purpose.REPORT, Purpose.PROGRESS, Purpose.FEEDBACK, Purpose.VERIFICATION)
QUOTED = ("text", "line")


def visible(visit: Visit) -> CaseQuerySet:
    """What this endpoint tells of: real requests at the real one, tests at the test one."""
    return published(is_test=visit.is_test)


def photos_of(case_ids: Sequence[UUID]) -> dict[UUID, list[Attachment]]:
    """Photos of those cases that may be shown, in order of taking."""
    found: dict[UUID, list[Attachment]] = defaultdict(list)
    shown = Attachment.objects.filter(case_id__in=case_ids, purpose__in=SHOWN).public()
    for photo in shown.order_by("event_number", "id"):
        found[photo.case_id].append(photo)
    return found


def told(visit: Visit, cases: CaseQuerySet) -> list[dict[str, Any]]:
    """The requests in the order given."""
    page = Page(visit, cases)
    return [page.record(case) for case in page.cases]


class Page:
    """The cases of one answer, with all that is told about them."""

    def __init__(self, visit: Visit, cases: CaseQuerySet) -> None:
        self.visit = visit
        touched = Event.objects.filter(case_id=OuterRef("pk"), is_public=True).order_by().values("case_id")
        last = Subquery(touched.annotate(last=Max("received_at")).values("last"))
        self.cases = list(cases.annotate(told_at=last))
        self._name_units()
        ids = [case.pk for case in self.cases]
        self.requests = Request.objects.defer("contact_name", "contact_phone").in_bulk(ids)
        open_books = [pk for pk, request in self.requests.items() if request.may_publish]
        self.requests |= Request.objects.in_bulk(open_books)  # with the names that have to be masked
        self.categories = {category.code: category for category in Category.objects.all()}
        self.photos = photos_of(open_books)
        self.events = _public_events(ids if visit.is_extended else open_books)

    def _name_units(self) -> None:
        """Apart: under the second lock the database expects one case, and would go through all units for each."""
        ids = {unit for case in self.cases for unit in (case.place_id, case.holder_id) if unit}
        units = Organisation.objects.in_bulk(ids)
        for case in self.cases:
            case.place = units.get(case.place_id)
            case.holder = units.get(case.holder_id)

    def record(self, case: Case) -> dict[str, Any]:
        """One request with every key of the standard; without consent most of them are empty."""
        request = self.requests[case.pk]
        view = public_view(case, request)
        category = self.categories.get(case.category)
        notes = self.notes(case, request) if view.has_consent else []
        photos = [photo for photo in self.photos[case.pk] if photo.purpose == Purpose.REPORT]
        record = {
            "service_request_id": case.number,
            "status": "open" if case.is_open else "closed",
            "status_notes": notes[-1]["text"] if notes else None,
            "service_name": category.label if category else None,
            "service_code": case.category,
            "description": view.text or None,
            "agency_responsible": case.holder.label if case.holder else None,
            "service_notice": notice(case, self.visit.at),
            "requested_datetime": written(case.received_at),
            "updated_datetime": written(_updated(case)),
            "expected_datetime": written(case.due_at) if case.due_at else None,
            "address": view.address or None,
            "address_id": case.place.code if case.place else None,
            "zipcode": None,
            "lat": _degrees(view.lat),
            "long": _degrees(view.lon),
            "media_url": self.address(photos[0]) if photos else None,
        }
        return record | (self.extension(case, view, notes) if self.visit.is_extended else {})

    def extension(self, case: Case, view: PublicRequest, notes: list[dict[str, Any]]) -> dict[str, Any]:
        """What this county tells beyond the standard: the course, step by step, and what was said and shown."""
        state = {
            "title": view.title or None,
            "state": case.state,
            "state_name": str(case.stage.label),
            "state_since": written(case.state_since),
            "is_late": case.is_late,
            "photos": [self._photo(photo) for photo in self.photos[case.pk]],
            "notes": notes,
            "history": [_entry(case, event) for event in self.events[case.pk]],
        }
        return {"extended_attributes": state}

    def notes(self, case: Case, request: Request) -> list[dict[str, Any]]:
        """What units wrote for everybody to read, oldest first."""
        found = []
        for event in self.events[case.pk]:
            words = _quoted(case.procedure.move_of(event.kind), event)
            if words and event.actor_kind == "staff" and event.number > 1:
                found.append(
                    {
                        "datetime": written(event.received_at),
                        "agency": event.organisation.label if event.organisation else None,
                        "text": masked(words, request),
                    }
                )
        return found

    def address(self, photo: Attachment) -> str:
        namespace = "open311-test" if self.visit.is_test else "open311"
        return self.visit.request.build_absolute_uri(reverse(f"{namespace}:photo", args=[photo.id]))

    def _photo(self, photo: Attachment) -> dict[str, Any]:
        return {
            "media_url": self.address(photo),
            "purpose": photo.purpose,
            "datetime": written(photo.attached_at),
        }


def notice(case: Case, at: datetime) -> str:
    """What is promised, or how it ended."""
    if case.is_open and case.due_at is not None and not case.is_paused:
        return _("我们答应在 %(date)s 前办结并答复。") % {"date": moment_words(case.due_at, at, current())}
    return str(case.stage.label)


def _public_events(case_ids: Sequence[UUID]) -> dict[UUID, list[Event]]:
    found: dict[UUID, list[Event]] = defaultdict(list)
    events = Event.objects.filter(case_id__in=case_ids, is_public=True).select_related("organisation", "unit")
    for event in events.order_by("case_id", "number"):
        found[event.case_id].append(event)
    return found


def _updated(case: Case) -> datetime:
    """The last public step; of a closed request its closing, whatever its reporter did afterwards."""
    if case.closed_at is not None:
        return case.closed_at
    last: datetime | None = getattr(case, "told_at", None)
    return last or case.received_at


def _quoted(move: Move, event: Event) -> str:
    data = event.data or {}
    said = [str(data[need.name]) for need in move.needs if need.kind in QUOTED and data.get(need.name)]
    return "\n".join(said)


def _entry(case: Case, event: Event) -> dict[str, Any]:
    """One step, without anybody's words: what was done, by which unit, and where the request stood then."""
    procedure = case.procedure
    move, state = procedure.move_of(event.kind), procedure.states.get(event.state)
    return {
        "datetime": written(event.received_at),
        "event": event.kind,
        "event_name": str(move.done),
        "agency": event.organisation.label if event.organisation else None,
        "unit": event.unit.label if event.unit else None,
        "state": event.state,
        "state_name": str(state.label) if state else event.state,
    }


def _degrees(value: float | None) -> float | None:
    return round(value, 6) if value is not None else None

"""The gate before the content of a mediation: who may open it, for what, and that it is noted first."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import Http404, HttpRequest
from django.utils.dateparse import parse_datetime

from linli.cases.actions import CaseNotFound
from linli.mediation.actions import reading
from linli.mediation.models import Assignment, Mediation, Purpose, Reader
from linli.people.access import Actor

KEPT = "mediation_purposes"
HOLDS = timedelta(minutes=30)


class PurposeWanted(Exception):
    """An officer the case names has to say first what they open it for."""


def admit(request: HttpRequest, matter: Mediation, post: Actor, at: datetime, what: str = "page") -> None:
    """Notes the opening and lets the reader in; for everybody else there is no such page."""
    if not reading.may_read(matter.case_id, post):
        raise Http404
    purpose = Purpose.MEDIATING.value
    if must_say_why(matter, post):
        purpose = kept_purpose(request, matter, at)
        if not purpose:
            raise PurposeWanted
    try:
        reading.open_content(case=matter.case, actor=post, purpose=purpose, what=what, at=at)
    except CaseNotFound:
        raise Http404 from None


def must_say_why(matter: Mediation, post: Actor) -> bool:
    """Officers the case names say what they open it for; who takes it in or mediates it does so to mediate."""
    own = {"case_id": matter.case_id, "person_id": post.person_id}
    if Assignment.objects.current().filter(**own).exists():
        return False
    is_named = Reader.objects.filter(**own, ended_at=None).exists()
    return is_named and not reading.takes_in(matter.case_id, post)


def kept_purpose(request: HttpRequest, matter: Mediation, at: datetime) -> str:
    """The purpose given for this case within the last half hour; '' where there is none."""
    purpose, since = request.session.get(KEPT, {}).get(str(matter.case_id), ("", ""))
    said = parse_datetime(since) if since else None
    return str(purpose) if said is not None and at - said < HOLDS and purpose in Purpose.values else ""


def keep_purpose(request: HttpRequest, matter: Mediation, purpose: str, at: datetime) -> None:
    kept = dict(request.session.get(KEPT, {}))
    kept[str(matter.case_id)] = (purpose, at.isoformat())
    request.session[KEPT] = dict(list(kept.items())[-20:])

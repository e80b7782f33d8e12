"""Which case this browser may look at: a signed cookie that no script reads. It names the case, never the code.

For mediation it names the party, too; a browser follows one matter at a time, of either kind.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from linli.people import scope

RECEIPT = "linli_receipt"
TRACK = "linli_track"
HOUR = 3600
PARTY = "linli_party"
PARTY_RECEIPT = "linli_party_receipt"
HELD = "linli_held"
LASTS = {HELD: HOUR, RECEIPT: HOUR, TRACK: 2 * HOUR, PARTY_RECEIPT: HOUR, PARTY: 2 * HOUR}


def give_receipt(response: HttpResponse, case_id: UUID) -> None:
    """Lets this browser see the receipt for an hour, and the progress for two."""
    take_back(response)
    _give(response, RECEIPT, str(case_id))
    _give(response, TRACK, str(case_id))


def give_track(response: HttpResponse, case_id: UUID) -> None:
    """Lets this browser see the progress of a case for two hours, and the receipt of another one no longer."""
    take_back(response)
    _give(response, TRACK, str(case_id))


def give_held(response: HttpResponse, held_id: UUID) -> None:
    """Lets this browser see for an hour what became of a report that has to wait."""
    take_back(response)
    _give(response, HELD, str(held_id))


def give_party_receipt(response: HttpResponse, case_id: UUID, number: int) -> None:
    """Lets this browser see the receipt of an application for an hour, and the mediation for two."""
    take_back(response)
    _give(response, PARTY_RECEIPT, f"{case_id}/{number}")
    _give(response, PARTY, f"{case_id}/{number}")


def give_party(response: HttpResponse, case_id: UUID, number: int) -> None:
    """Lets this browser see a mediation as one of its parties, for two hours."""
    take_back(response)
    _give(response, PARTY, f"{case_id}/{number}")


def take_back(response: HttpResponse) -> None:
    """For whoever leaves a shared computer."""
    for kind in LASTS:
        response.delete_cookie(_name(kind))


def case_id_of(request: HttpRequest, kind: str) -> UUID | None:
    """The case the cookie names, while it lasts and nobody has touched it; it may be looked at from here on."""
    try:
        found = UUID(_value(request, kind))
    except ValueError:
        return None
    scope.admit(found)
    return found


def party_of(request: HttpRequest, kind: str) -> tuple[UUID, int] | None:
    """The case and the number of the party the cookie names; it may be looked at from here on."""
    case_id, _slash, number = _value(request, kind).partition("/")
    try:
        found = UUID(case_id), int(number)
    except ValueError:
        return None
    scope.admit(found[0])
    return found


def _value(request: HttpRequest, kind: str) -> str:
    value = request.get_signed_cookie(_name(kind), default="", salt=kind, max_age=LASTS[kind])
    return str(value or "")


def _name(kind: str) -> str:
    return f"__Host-{kind}" if settings.SECURE else kind


def _give(response: HttpResponse, kind: str, value: str) -> None:
    response.set_signed_cookie(
        _name(kind),
        value,
        salt=kind,
        max_age=LASTS[kind],
        httponly=True,
        secure=settings.SECURE,
        samesite="Lax",
    )

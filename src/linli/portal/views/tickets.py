"""Which case this browser may look at: a signed cookie that no script reads. It names the case, never the code."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

RECEIPT = "linli_receipt"
TRACK = "linli_track"
HOUR = 3600
LASTS = {RECEIPT: HOUR, TRACK: 2 * HOUR}


def give_receipt(response: HttpResponse, case_id: UUID) -> None:
    """Lets this browser see the receipt for an hour, and the progress for two."""
    _give(response, RECEIPT, case_id)
    _give(response, TRACK, case_id)


def give_track(response: HttpResponse, case_id: UUID) -> None:
    """Lets this browser see the progress of a case for two hours, and the receipt of another one no longer."""
    _give(response, TRACK, case_id)
    response.delete_cookie(_name(RECEIPT))


def take_back(response: HttpResponse) -> None:
    """For whoever leaves a shared computer."""
    response.delete_cookie(_name(RECEIPT))
    response.delete_cookie(_name(TRACK))


def case_id_of(request: HttpRequest, kind: str) -> UUID | None:
    """The case the cookie names, while it lasts and nobody has touched it."""
    value = request.get_signed_cookie(_name(kind), default="", salt=kind, max_age=LASTS[kind])
    try:
        return UUID(value)
    except (ValueError, TypeError):
        return None


def _name(kind: str) -> str:
    return f"__Host-{kind}" if settings.SECURE else kind


def _give(response: HttpResponse, kind: str, case_id: UUID) -> None:
    response.set_signed_cookie(
        _name(kind),
        str(case_id),
        salt=kind,
        max_age=LASTS[kind],
        httponly=True,
        secure=settings.SECURE,
        samesite="Lax",
    )

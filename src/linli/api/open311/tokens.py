"""Tokens: what a client may keep instead of the number. Made from the case by the server's key, stored nowhere."""

from __future__ import annotations

import hmac
import re
from typing import Any
from uuid import UUID

from linli.cases.models import Case
from linli.kit import codes
from linli.people import scope
from linli.service_requests.models import Channel

from .door import Visit

_FORM = re.compile(r"([0-9a-f]{32})([0-9a-f]{32})")


def token_of(case_id: UUID) -> str:
    """The token of a case; nobody without the server's key can make one."""
    return case_id.hex + _proof(case_id)


def found(visit: Visit, token: str) -> dict[str, Any] | None:
    """The number behind a token of this endpoint; None for any other."""
    match = _FORM.fullmatch(token)
    if match is None or not hmac.compare_digest(match[2], _proof(UUID(match[1]))):
        return None
    channel = Channel.OPEN311_TEST if visit.is_test else Channel.OPEN311
    scope.admit(UUID(match[1]))
    case = Case.objects.filter(pk=UUID(match[1]), channel=channel).first()
    return {"service_request_id": case.number, "token": token} if case else None


def _proof(case_id: UUID) -> str:
    return codes.keyed("open311-token", case_id.bytes).hex()[:32]

"""Consent: given to the words of one version of the notice, taken back as easily as it was given."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from linli.kit.ids import uuid7
from linli.privacy.actions import notices
from linli.privacy.models import Consent


def consent(
    *,
    case_id: UUID,
    matter: str,
    is_given: bool,
    channel: str,
    at: datetime,
    party: int | None = None,
    noted_by: UUID | None = None,
) -> Consent:
    """The row of a yes or no, to be saved in the transaction of what follows from it."""
    return Consent(
        case_id=case_id,
        id=uuid7(),
        party=party,
        matter=matter,
        is_given=is_given,
        notice=notices.current(),
        channel=channel,
        noted_by_id=noted_by,
        at=at,
    )

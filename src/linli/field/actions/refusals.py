"""What was refused goes back to its author, words and photos, to be put right: the phone cannot read it again."""

from __future__ import annotations

from uuid import UUID

from linli.field import wire
from linli.field.actions import parcels
from linli.field.models import Parcel, Sent, State


def refused_of(command_id: UUID, person_id: UUID) -> Sent | None:
    """What somebody sent that was refused."""
    mine = Sent.objects.filter(device__grant__person_id=person_id, state=State.REFUSED)
    return mine.filter(pk=command_id).first()


def refused_photo(*, command_id: UUID, photo_id: UUID, person_id: UUID) -> bytes | None:
    """A photo of it, as long as it is kept; None where there is none, or it does not open."""
    sent = refused_of(command_id, person_id)
    if sent is None or str(photo_id) not in dict(sent.content or {}).get("photos", ()):
        return None
    parcel = Parcel.objects.filter(pk=photo_id, device=sent.device_id, done_at__isnull=False).first()
    try:
        return parcels.content(parcel) if parcel is not None else None
    except (wire.Damaged, OSError):
        return None

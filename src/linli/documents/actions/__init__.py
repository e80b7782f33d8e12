"""Photos taken in, tied to a case and swept; lists taken out as files, in the background."""

from .photos import (
    MAX_PHOTOS,
    NAME_LENGTH,
    ORPHANS_KEPT,
    UPLOADS_KEPT,
    PhotoNotStored,
    Swept,
    TooManyPhotos,
    UploadsGone,
    attach,
    display_name,
    keep,
    stage,
    sweep,
)

__all__ = [
    "MAX_PHOTOS",
    "NAME_LENGTH",
    "ORPHANS_KEPT",
    "UPLOADS_KEPT",
    "PhotoNotStored",
    "Swept",
    "TooManyPhotos",
    "UploadsGone",
    "attach",
    "display_name",
    "keep",
    "stage",
    "sweep",
]

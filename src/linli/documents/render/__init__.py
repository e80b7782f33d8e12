"""Pictures drawn anew, so that nothing but their pixels comes in."""

from .photos import (
    MAX_BYTES,
    DamagedPhoto,
    EmptyPhoto,
    MovingPhoto,
    NotAPhoto,
    Photo,
    PhotoRefused,
    PhotosBusy,
    PhotosUnavailable,
    TooCostlyPhoto,
    TooManyBytes,
    TooManyPixels,
    photo,
)

__all__ = [
    "MAX_BYTES",
    "DamagedPhoto",
    "EmptyPhoto",
    "MovingPhoto",
    "NotAPhoto",
    "Photo",
    "PhotoRefused",
    "PhotosBusy",
    "PhotosUnavailable",
    "TooCostlyPhoto",
    "TooManyBytes",
    "TooManyPixels",
    "photo",
]

"""Pictures drawn anew, so that nothing but their pixels comes in; official papers, from plain data to PDF and Word."""

from .filling import UnknownForm
from .papers import Paper, docx, dossier_docx, dossier_pdf, missing, pdf
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
from .replacement import TemplateRefused, check_template
from .strokes import signature_png
from .typesetting import NotTypeset

__all__ = [
    "MAX_BYTES",
    "DamagedPhoto",
    "EmptyPhoto",
    "MovingPhoto",
    "NotAPhoto",
    "NotTypeset",
    "Paper",
    "Photo",
    "PhotoRefused",
    "PhotosBusy",
    "PhotosUnavailable",
    "TooCostlyPhoto",
    "TooManyBytes",
    "TemplateRefused",
    "TooManyPixels",
    "UnknownForm",
    "check_template",
    "docx",
    "dossier_docx",
    "dossier_pdf",
    "missing",
    "pdf",
    "photo",
    "signature_png",
]

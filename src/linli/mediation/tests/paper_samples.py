"""The papers of one invented case, with signatures drawn and pictures added."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

from linli.documents.render.papers import ENVELOPE, Paper
from linli.documents.render.samples import kinds, sample
from linli.documents.render.strokes import signature_png

STROKES = [[[0.1 + n * 0.02, 0.5 + (-1) ** n * 0.2] for n in range(40)], [[0.2, 0.2], [0.8, 0.8]]]


def photo(words: str = "") -> bytes:
    image = Image.new("RGB", (640, 420), "#dfe6ea")
    ImageDraw.Draw(image).rectangle((60, 60, 580, 360), outline="#345", width=6)
    file = BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


def paper(kind: str) -> Paper:
    data = sample(kind)
    drawn = signature_png(STROKES)
    for signature in data["signatures"]:
        signature["image"] = drawn if signature["role"] == "party" else None
    with_pictures = kind in ("identity", "evidence", "performance")
    return Paper(kind, "", data, [photo(), photo()] if with_pictures else [])


PAPERS = {kind: paper(kind) for kind in kinds() if kind not in ENVELOPE}
COVER = sample("cover")

"""A signature drawn with a finger or a pen, from its strokes to a small picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

MOST_STROKES = 200
MOST_POINTS = 5000
LARGEST_SIDE = 2000
_FINER = 3
_PEN = 0.012

Strokes = Sequence[Sequence[Sequence[float]]]


def signature_png(strokes: Strokes, width: int = 480, height: int = 240) -> bytes:
    """The strokes in ink on nothing. Raises ValueError for what nobody can have drawn."""
    from PIL import Image, ImageDraw

    if not (16 <= width <= LARGEST_SIDE and 16 <= height <= LARGEST_SIDE):
        raise ValueError("no size for a signature")
    lines = [[(x * width * _FINER, y * height * _FINER) for x, y in line] for line in checked(strokes)]
    image = Image.new("L", (width * _FINER, height * _FINER), 0)
    draw = ImageDraw.Draw(image)
    pen = max(2, round(width * _FINER * _PEN))
    for line in lines:
        if len(line) > 1:
            draw.line(line, fill=255, width=pen, joint="curve")
        for x, y in (line[0], line[-1]):
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    ink = image.resize((width, height), Image.Resampling.LANCZOS)
    signature = Image.new("RGBA", (width, height), (16, 22, 48, 0))
    signature.putalpha(ink)
    file = io.BytesIO()
    signature.save(file, "PNG")
    return file.getvalue()


def checked(strokes: Strokes) -> list[list[tuple[float, float]]]:
    """The strokes as points between 0 and 1, or a ValueError."""
    if not isinstance(strokes, list | tuple) or not strokes:
        raise ValueError("nothing is drawn")
    if len(strokes) > MOST_STROKES:
        raise ValueError(f"more than {MOST_STROKES} strokes")
    if not all(isinstance(stroke, list | tuple) and stroke for stroke in strokes):
        raise ValueError("a stroke is a list of points")
    if sum(len(stroke) for stroke in strokes) > MOST_POINTS:
        raise ValueError(f"more than {MOST_POINTS} points")
    return [[_point(point) for point in stroke] for stroke in strokes]


def _point(point: Sequence[float]) -> tuple[float, float]:
    if not isinstance(point, list | tuple) or len(point) != 2:
        raise ValueError("a point is two numbers")
    for part in point:
        if isinstance(part, bool) or not isinstance(part, int | float):
            raise ValueError("a point is two numbers")
        if not 0 <= part <= 1:  # false for what is no number, too
            raise ValueError("a point lies outside the field")
    return float(point[0]), float(point[1])

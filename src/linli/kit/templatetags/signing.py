"""Signatures drawn on a screen, shown as a picture: `{% load signing %}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

WIDE, HIGH = 200, 100


@register.simple_tag
def drawn(strokes: object, label: str) -> SafeString:
    """`{% drawn signature.strokes name %}`: strokes of `ll-sign` as a picture; whatever is no point is left out."""
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}"><path d="{}" fill="none" stroke="currentColor" '
        'stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"></path></svg>',
        WIDE,
        HIGH,
        label,
        path_of(strokes),
    )


def path_of(strokes: object) -> str:
    """The `d` of an SVG path: each stroke rounded through the middles of its points, numbers only."""
    lines = [list(_points(stroke)) for stroke in strokes] if isinstance(strokes, list | tuple) else []
    return "".join(_line(line) for line in lines if line)


def _line(points: list[tuple[float, float]]) -> str:
    x, y = points[0]
    parts = [f"M{x:.1f} {y:.1f}"]
    for nx, ny in points[1:]:
        parts.append(f"Q{x:.1f} {y:.1f} {(x + nx) / 2:.1f} {(y + ny) / 2:.1f}")
        x, y = nx, ny
    return "".join([*parts, f"L{x:.1f} {y:.1f}"])


def _points(stroke: Any) -> Iterator[tuple[float, float]]:
    for point in stroke if isinstance(stroke, list | tuple) else ():
        if isinstance(point, list | tuple) and len(point) == 2 and all(map(_is_part, point)):
            yield point[0] * WIDE, point[1] * HIGH


def _is_part(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= 1

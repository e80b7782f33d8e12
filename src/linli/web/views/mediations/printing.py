"""What is printed for parties: a picture that phones read."""

from __future__ import annotations

import segno


def picture(text: str) -> str:
    """A QR code as the address of an image. It holds an address, never a secret: paper gets photographed."""
    return str(segno.make(text, error="m").svg_data_uri(scale=4, border=2, dark="#000", light="#fff"))

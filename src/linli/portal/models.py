"""What the public face keeps of its own."""

from __future__ import annotations

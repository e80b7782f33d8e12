"""A keyring of a test's own, and how it goes away and comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from linli.kit import sealing
from linli.kit.sealing import keys


@pytest.fixture
def own_ring(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Keys, and a folder of photos, that nobody else in this process has used."""
    settings.KEYRING, settings.KEYRING_COMMAND = tmp_path / "keyring.json", ""
    settings.INTAKE_KEY, settings.CASE_KEYS = tmp_path / "intake.json", tmp_path / "case-keys"
    settings.ATTACHMENTS = tmp_path / "attachments"
    keys.forget()
    yield
    keys.forget()


@pytest.fixture
def away(settings: Any) -> Callable[[], Callable[[], None]]:
    """Takes the keys away; what it returns brings them back."""

    def take() -> Callable[[], None]:
        sealing.keyring()
        kept = settings.KEYRING.read_text()
        settings.KEYRING.unlink()
        keys.forget()

        def back() -> None:
            settings.KEYRING.write_text(kept)
            keys.forget()

        return back

    return take

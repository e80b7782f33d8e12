"""What tests of both interfaces share."""

from __future__ import annotations

import pytest

from linli.kit import clock


@pytest.fixture
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a slow machine asks no more often than it may."""
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)

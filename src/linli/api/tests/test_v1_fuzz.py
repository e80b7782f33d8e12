"""A small run of `make fuzz` with every test run."""

from __future__ import annotations

import pytest

from linli.api.tests.fuzz_v1 import Fuzz, fuzz, one_connection, run, told

__all__ = ["fuzz", "one_connection"]
SOME = 150


@pytest.mark.django_db
def test_nothing_breaks_and_nothing_is_undocumented_in_a_small_run(fuzz: Fuzz) -> None:  # noqa: F811
    run(fuzz, SOME)
    assert fuzz.failures == [], told(fuzz)
    assert len(fuzz.operations) > 60


@pytest.mark.django_db
def test_the_fuzz_sees_a_fault(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """An operation that answers what its document does not say is found."""

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("linli.api.v1.lists._unit", fail)
    run(fuzz, 1)
    assert any("/organisations" in failure for failure in fuzz.failures)

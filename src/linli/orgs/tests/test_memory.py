"""What a process remembers of reference data, and when it lets go of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import transaction

from linli.orgs import actions as orgs
from linli.orgs import lookup
from linli.orgs.lookup import memory
from linli.orgs.models import Organisation

AT = datetime(2026, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _remembering(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(memory, "keep_seconds", 60.0)
    lookup.units.forget()
    lookup.units.is_uncommitted = False
    yield
    lookup.units.forget()


@pytest.mark.django_db
def test_asks_once() -> None:
    asked: list[int] = []
    kept = lookup.Memory()
    for _n in range(3):
        assert kept.get("key", lambda: asked.append(1) or len(asked)) == 1  # type: ignore[func-returns-value]


@pytest.mark.django_db(transaction=True)
def test_sees_a_change_of_its_own_at_once(town: dict[str, Organisation]) -> None:
    grid = town["v1"]
    assert lookup.unit(grid.path) == grid
    orgs.rename(organisation=grid, name="一号网格", by=None, at=AT)
    found = lookup.unit(grid.path)
    assert found is not None
    assert found.name == "一号网格"


@pytest.mark.django_db(transaction=True)
def test_keeps_nothing_of_a_change_rolled_back(town: dict[str, Organisation]) -> None:
    def change_and_fail() -> None:
        with transaction.atomic():
            orgs.rename(organisation=town["v1"], name="一号村", by=None, at=AT)
            seen = lookup.unit(town["v1"].path)
            assert seen is not None
            assert seen.name == "一号村"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    found = lookup.unit(town["v1"].path)
    assert found is not None
    assert found.name == "v1"


@pytest.mark.django_db
def test_notices_another_processs_change_by_its_revision(town: dict[str, Organisation]) -> None:
    grid = town["v1"]
    kept = lookup.Memory("organisations")
    assert kept.get("name", lambda: "old") == "old"
    orgs.rename(organisation=grid, name="一号网格", by=None, at=AT)
    assert kept.get("name", lambda: "new") == "old"
    kept.fresh_until = 0.0
    assert kept.get("name", lambda: "new") == "new"


@pytest.mark.django_db
def test_a_line_goes_from_the_county_to_the_unit(town: dict[str, Organisation]) -> None:
    line = lookup.line(town["v1"].path)
    assert line == [town["c"], town["t1"], town["v1"]]
    assert lookup.unit(town["v1"].path + "nothing/") is None

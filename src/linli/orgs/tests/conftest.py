"""One small county: two townships, three villages, two grids."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from linli.orgs import actions
from linli.orgs.models import Kind, Organisation

AT = datetime(2026, 10, 9, 3, tzinfo=UTC)
Town = dict[str, Organisation]


def found(town: Town, code: str, kind: Kind, parent: str | None, name: str = "") -> Organisation:
    above = town[parent] if parent else None
    town[code] = actions.found(code=code, name=name or code, kind=kind, parent=above, by=None, at=AT)
    return town[code]


@pytest.fixture
def town(db: None) -> Town:
    town: Town = {}
    found(town, "c", Kind.COUNTY, None, "甲县")
    found(town, "t1", Kind.TOWNSHIP, "c", "乙镇")
    found(town, "t10", Kind.TOWNSHIP, "c", "丙镇")
    for code, parent in (("v1", "t1"), ("v10", "t1"), ("v2", "t10")):
        found(town, code, Kind.VILLAGE, parent)
    for code, parent in (("g1", "v1"), ("g2", "v1")):
        found(town, code, Kind.GRID, parent)
    return town

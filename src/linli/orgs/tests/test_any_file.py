"""Whatever somebody takes for a list of units or for outlines: taken in, or refused in the parser's own words."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from hypothesis import example, given
from hypothesis import strategies as st

from linli.kit.tests.strict import DEEP, THROWN, WORDS, altered, as_json, as_strict_as_postgresql, mutated
from linli.orgs import actions
from linli.orgs.models import Boundary, Organisation
from linli.orgs.tests.conftest import AT, Town
from linli.orgs.tests.test_imports import HEADER, ROWS

pytestmark = pytest.mark.django_db
RIGHT = (HEADER + "\n".join(ROWS) + "\n").encode()
RING = [[114.0, 31.0], [114.1, 31.0], [114.1, 31.1], [114.0, 31.1], [114.0, 31.0]]
OUTLINE = {"type": "Polygon", "coordinates": [RING]}
OUTLINES = {
    "type": "FeatureCollection",
    "features": [{"type": "Feature", "properties": {"code": "c"}, "geometry": OUTLINE}],
}


def take_units(content: bytes) -> None:
    with transaction.atomic(), as_strict_as_postgresql(), suppress(actions.OrganisationError):
        actions.import_units(actions.read_units(content), by=None, at=AT, county_name="孝昌县")
        for unit in Organisation.objects.all():
            unit.clean_fields()  # no longer than its columns
        transaction.set_rollback(True)


def take_outlines(content: bytes) -> None:
    with as_strict_as_postgresql(), suppress(actions.OrganisationError):
        actions.import_boundaries(content, source="测绘", is_sketch=False)


@THROWN
@given(st.one_of(st.binary(max_size=200), mutated(RIGHT)))
@example(b"a" * 200_000)
@example(b'"' + RIGHT)
@example(HEADER.encode() + b"\xff\xfe")
def test_any_bytes_are_units_or_refused(content: bytes) -> None:
    take_units(content)


@THROWN
@given(st.lists(WORDS, min_size=5, max_size=7), st.booleans())
@example(["420921100001", "花园社区居委会", "420921100000", "花园镇", "420921000000", "x" * 121], True)
def test_any_cells_are_a_unit_or_refused(cells: list[str], is_english: bool) -> None:
    header = HEADER.strip() + (",village_name_en,town_name_en" if is_english else "")
    cleaned = [cell.replace(",", "").replace('"', "") for cell in cells]
    take_units(f"{header}\n{','.join(cleaned)}\n".encode("utf-8", "replace"))


@THROWN
@given(st.one_of(st.binary(max_size=200), altered(OUTLINES).map(as_json), mutated(as_json(OUTLINES))))
@example(DEEP[0])
@example(DEEP[2])
@example(as_json({"features": [{"properties": {"code": "c\x00"}, "geometry": OUTLINE}]}))
def test_any_bytes_are_outlines_or_refused(town: Town, content: bytes) -> None:
    take_outlines(content)


@pytest.mark.parametrize("more", [{"name": "\x00"}, {"z": float("nan")}, {"bbox": [1e999]}])
def test_nothing_but_the_outline_itself_is_kept(town: Town, more: dict[str, Any]) -> None:
    feature = {"properties": {"code": "c"}, "geometry": {**OUTLINE, **more}}
    take_outlines(as_json({"features": [feature]}))
    assert Boundary.objects.get().geometry == OUTLINE

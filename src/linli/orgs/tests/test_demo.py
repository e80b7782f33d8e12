"""The demo county: real units, drawn grids without gap or overlap, planted once however often asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import shapely
from shapely.geometry import Point, shape

from linli.orgs import actions, lookup
from linli.orgs.models import Boundary, Kind, Organisation
from linli.orgs.tests.conftest import AT

SEAT = (113.985, 31.254)
GRID_CODE, TOWN_CODE = 15, 9


@pytest.fixture(scope="module")
def county(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Planted once for the whole file, and taken away with it."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        yield actions.plant(at=AT)
        transaction.set_rollback(True)
    lookup.forget()


def shapes(length: int) -> dict[str, Any]:
    rows = Boundary.objects.values_list("organisation__code", "geometry")
    return {code: shape(geometry) for code, geometry in rows if len(code) == length and code.isdigit()}


@pytest.mark.django_db
def test_the_whole_tree_stands(county: Organisation) -> None:
    counts = Counter(Organisation.objects.below(county).values_list("kind", flat=True))
    assert counts[Kind.TOWNSHIP] == 15
    assert (counts[Kind.VILLAGE], counts[Kind.COMMUNITY]) == (425, 29)
    assert 850 <= counts[Kind.GRID] <= 950
    assert counts[Kind.CENTRE] == 16
    assert not Organisation.objects.filter(is_demo=False).exists()
    assert not Organisation.objects.filter(name_en="").exists()


@pytest.mark.django_db
def test_planting_again_changes_nothing(county: Organisation) -> None:
    before = Organisation.objects.count(), Boundary.objects.count()
    assert actions.plant(at=AT) == county
    assert (Organisation.objects.count(), Boundary.objects.count()) == before


@pytest.mark.django_db
def test_grids_cover_the_county_without_gap_or_overlap(county: Organisation) -> None:
    grids = list(shapes(GRID_CODE).values())
    whole = shapes(len("420921"))["420921"]
    assert shapely.coverage_is_valid(grids)
    assert shapely.union_all(grids).symmetric_difference(whole).area < 1e-9
    assert sum(grid.area for grid in grids) == pytest.approx(whole.area, rel=1e-9)


@pytest.mark.django_db
def test_every_unit_is_one_piece_and_marked_a_sketch(county: Organisation) -> None:
    boundaries = list(Boundary.objects.values_list("geometry", "is_sketch", "source"))
    assert len(boundaries) == Organisation.objects.exclude(kind__in=[Kind.DEPARTMENT, Kind.CENTRE]).count()
    assert {geometry["type"] for geometry, _is_sketch, _source in boundaries} == {"Polygon"}
    assert {(is_sketch, source) for _geometry, is_sketch, source in boundaries} == {(True, "示意")}


@pytest.mark.django_db
def test_a_village_is_the_sum_of_its_grids(county: Organisation) -> None:
    grids = shapes(GRID_CODE)
    villages = shapes(12)
    for code, village in list(villages.items())[::20]:
        own = [grid for name, grid in grids.items() if name.startswith(code)]
        assert shapely.union_all(own).symmetric_difference(village).area < 1e-12


@pytest.mark.django_db
def test_grids_are_numbered_from_west_to_east(county: Organisation) -> None:
    grids = shapes(GRID_CODE)
    numbered = sorted(code for code in grids if code.startswith("420921102202"))
    assert numbered == [f"420921102202{number:03d}" for number in (1, 2, 3, 4)]
    west = [grids[code].centroid.x for code in numbered]
    assert all(a < b + 0.003 for a, b in zip(west, west[1:], strict=False))


@pytest.mark.django_db
def test_the_county_seat_lies_in_its_town_and_every_point_in_one_grid(county: Organisation) -> None:
    place = lookup.locate(*SEAT)
    assert place is not None
    assert place.code.startswith("420921100")
    for code, grid in list(shapes(GRID_CODE).items())[::30]:
        inside = grid.representative_point()
        found = lookup.locate(inside.x, inside.y)
        assert found is not None
        assert found.code == code


@pytest.mark.django_db
def test_a_township_fits_in_a_small_file(county: Organisation) -> None:
    import json

    town = Organisation.objects.get(code="420921102")
    grids = lookup.boundaries_geojson(Organisation.objects.below(town).filter(kind=Kind.GRID))
    assert len(json.dumps(grids)) < 60_000


def test_the_sketch_is_always_the_same() -> None:
    outline = {
        "type": "Polygon",
        "coordinates": [[[114, 31], [114.4, 31], [114.4, 31.3], [114, 31.3], [114, 31]]],
    }
    towns = [
        lookup.SketchTown(
            code,
            seat,
            tuple(lookup.SketchVillage(f"{code}{n:03d}", 2, is_central=n == 1) for n in range(1, 9)),
        )
        for code, seat in (("420921100", (114.1, 31.15)), ("420921101", (114.3, 31.15)))
    ]
    first = lookup.sketch_county(outline, code="420921", towns=towns)
    assert first == lookup.sketch_county(outline, code="420921", towns=towns)
    assert len(first) == 1 + 2 + 16 + 32
    assert all(shape(drawn).is_valid for drawn in first.values())
    assert shape(first["420921100"]).contains(Point(114.1, 31.15))

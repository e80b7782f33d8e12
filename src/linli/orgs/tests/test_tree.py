"""The tree of organisations: what can be done to it, what is refused, what history says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from threading import Thread
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from linli.orgs import actions
from linli.orgs.models import Change, Kind, Organisation, OrganisationChange, Revision, within
from linli.orgs.tests.conftest import AT, Town, found

Moves = list[tuple[str, str]]


@pytest.fixture
def told() -> Iterator[Moves]:
    """What an app that keeps copies of paths is told."""
    moves: Moves = []

    def hook(old: str, new: str) -> None:
        moves.append((old, new))

    actions.path_moved_hooks.append(hook)
    yield moves
    actions.path_moved_hooks.remove(hook)


def path(code: str) -> str:
    return Organisation.objects.get(code=code).path


def changes(code: str) -> list[str]:
    return list(
        OrganisationChange.objects.filter(organisation__code=code)
        .order_by("id")
        .values_list("change", flat=True)
    )


def test_founds_a_unit_under_its_parent(town: Town) -> None:
    unit = found(town, "g9", Kind.GRID, "v2", " 第一网格 ")
    assert (unit.path, unit.name, unit.valid_from) == ("c/t10/v2/g9/", "第一网格", date(2026, 10, 9))
    assert changes("g9") == [Change.FOUNDED]


def test_a_unit_begins_on_the_local_day(town: Town) -> None:
    late = datetime(2026, 10, 9, 20, tzinfo=UTC)
    unit = actions.found(code="t3", name="丁镇", kind=Kind.TOWNSHIP, parent=town["c"], by=None, at=late)
    assert unit.valid_from == date(2026, 10, 10)


def test_history_names_the_account(town: Town) -> None:
    somebody = get_user_model()(id=UUID(int=7))
    actions.rename(organisation=town["v1"], name="新村", by=somebody, at=AT, note="县政府批复")
    change = town["v1"].changes.get(change=Change.RENAMED)
    assert (change.name, change.path, change.made_by) == ("v1", "c/t1/v1/", UUID(int=7))
    assert change.note == "县政府批复"


@pytest.mark.parametrize("code", ["", "a/b", "a~", "村", "-a", "a" * 33, "a b", "a\n"])
def test_refuses_a_code_that_can_not_stand_in_a_path(town: Town, code: str) -> None:
    with pytest.raises(actions.CodeUnusable) as refusal:
        found(town, code, Kind.VILLAGE, "t1")
    assert refusal.value.field == "code"


def test_refuses_a_code_twice_even_of_a_closed_unit(town: Town) -> None:
    actions.close(organisation=town["v2"], by=None, at=AT)
    with pytest.raises(actions.CodeTaken, match="v2"):
        found(town, "v2", Kind.VILLAGE, "t1")


def test_the_same_name_is_no_obstacle(town: Town) -> None:
    assert found(town, "v3", Kind.VILLAGE, "t1", town["v1"].name).name == town["v1"].name


@pytest.mark.parametrize("name", ["", "  ", "名" * 81])
def test_refuses_an_empty_or_overlong_name(town: Town, name: str) -> None:
    with pytest.raises(actions.NameMissing):
        actions.rename(organisation=town["v1"], name=name, by=None, at=AT)


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (Kind.GRID, "c"),
        (Kind.GRID, "t1"),
        (Kind.GRID, None),
        (Kind.VILLAGE, "c"),
        (Kind.TOWNSHIP, "t1"),
        (Kind.DEPARTMENT, "g1"),
    ],
)
def test_refuses_a_parent_of_the_wrong_kind(town: Town, kind: Kind, parent: str | None) -> None:
    with pytest.raises(actions.WrongParent) as refusal:
        found(town, "x", kind, parent)
    assert refusal.value.field == "parent"
    assert not Organisation.objects.filter(code="x").exists()


def test_offices_stand_at_county_and_township(town: Town) -> None:
    assert found(town, "c-zj", Kind.DEPARTMENT, "c").path == "c/c-zj/"
    assert found(town, "t1-zz", Kind.CENTRE, "t1").path == "c/t1/t1-zz/"


def test_moves_a_village_with_all_below_it(town: Town, told: Moves) -> None:
    before = town["v1"]
    moved = actions.move(organisation=before, to=town["t10"], by=None, at=AT)
    assert moved == ("c/t1/v1/", "c/t10/v1/")
    assert told == [moved]
    assert before.path == path("v1") == "c/t10/v1/"
    assert (path("g1"), path("g2")) == ("c/t10/v1/g1/", "c/t10/v1/g2/")
    assert path("v10") == "c/t1/v10/"
    assert Organisation.objects.get(code="v1").parent == town["t10"]
    assert town["v1"].changes.get(change=Change.MOVED).path == "c/t1/v1/"


def test_a_hook_that_fails_undoes_the_move(town: Town) -> None:
    def broken(old: str, new: str) -> None:
        raise RuntimeError(old)

    actions.path_moved_hooks.append(broken)
    try:
        with pytest.raises(RuntimeError):
            actions.move(organisation=town["v1"], to=town["t10"], by=None, at=AT)
    finally:
        actions.path_moved_hooks.remove(broken)
    assert path("g1") == "c/t1/v1/g1/"
    assert changes("v1") == [Change.FOUNDED]


def test_refuses_a_move_to_where_it_is(town: Town) -> None:
    with pytest.raises(actions.NothingChanged):
        actions.move(organisation=town["v1"], to=town["t1"], by=None, at=AT)


def test_refuses_a_loop(town: Town) -> None:
    office, room = found(town, "o", Kind.DEPARTMENT, "c"), found(town, "r", Kind.DEPARTMENT, "o")
    for below in (room, office):
        with pytest.raises(actions.WouldLoop):
            actions.move(organisation=office, to=below, by=None, at=AT)


def test_refuses_a_path_too_long_to_store(town: Town) -> None:
    above = "c"
    for number in range(5):
        above = found(town, f"{'o' * 30}{number}", Kind.DEPARTMENT, above).code
    room = found(town, "z" * 20, Kind.DEPARTMENT, "c")
    found(town, "y" * 30, Kind.DEPARTMENT, room.code)
    with pytest.raises(actions.TooDeep):
        actions.move(organisation=room, to=town[above], by=None, at=AT)
    found(town, "w" * 32, Kind.DEPARTMENT, above)
    with pytest.raises(actions.TooDeep):
        found(town, "x" * 8, Kind.DEPARTMENT, "w" * 32)


CLOSED_VERBS: dict[str, Callable[[Town, Organisation], object]] = {
    "found": lambda town, closed: found(town, "x", Kind.GRID, closed.code),
    "rename": lambda town, closed: actions.rename(organisation=closed, name="新", by=None, at=AT),
    "move": lambda town, closed: actions.move(organisation=closed, to=town["t10"], by=None, at=AT),
    "move there": lambda town, closed: actions.move(organisation=town["g1"], to=closed, by=None, at=AT),
    "close": lambda town, closed: actions.close(organisation=closed, by=None, at=AT),
    "merge": lambda town, closed: actions.merge(organisations=[closed], into=town["v1"], by=None, at=AT),
    "merge there": lambda town, closed: actions.merge(
        organisations=[town["v1"]], into=closed, by=None, at=AT
    ),
    "split": lambda town, closed: actions.split(organisation=closed, parts=[], by=None, at=AT),
}


@pytest.mark.parametrize("verb", CLOSED_VERBS)
def test_refuses_to_touch_a_closed_unit(town: Town, verb: str) -> None:
    closed = actions.close(organisation=town["v10"], by=None, at=AT)
    with pytest.raises(actions.UnitClosed):
        CLOSED_VERBS[verb](town, closed)


def test_closes_only_what_has_nothing_below(town: Town) -> None:
    with pytest.raises(actions.StillHasUnits):
        actions.close(organisation=town["v1"], by=None, at=AT)
    for code in ("g1", "g2", "v1"):
        actions.close(organisation=town[code], by=None, at=AT)
    assert Organisation.objects.get(code="v1").valid_until == date(2026, 10, 9)
    assert set(Organisation.objects.standing().values_list("code", flat=True)).isdisjoint({"g1", "g2", "v1"})


def test_merging_closes_predecessors_and_takes_their_grids(town: Town, told: Moves) -> None:
    found(town, "g10", Kind.GRID, "v10")
    actions.merge(organisations=[town["v1"], town["v10"]], into=town["v2"], by=None, at=AT)
    assert {path(code) for code in ("g1", "g2", "g10")} == {f"c/t10/v2/g{n}/" for n in (1, 2, 10)}
    assert len(told) == 3
    assert path("v1") == "c/t1/v1/"
    assert changes("v1") == [Change.FOUNDED, Change.MERGED]
    assert actions.heirs(Organisation.objects.get(code="v10")) == [town["v2"]]


def test_refuses_to_merge_what_does_not_belong_together(town: Town) -> None:
    with pytest.raises(actions.WrongParent):
        actions.merge(organisations=[town["g1"]], into=town["v1"], by=None, at=AT)
    with pytest.raises(actions.WouldLoop):
        actions.merge(organisations=[town["t1"]], into=town["v1"], by=None, at=AT)
    with pytest.raises(actions.NothingChanged):
        actions.merge(organisations=[town["v1"]], into=town["v1"], by=None, at=AT)
    with pytest.raises(actions.UnitClosed):
        actions.merge(organisations=[town["g1"], town["g1"]], into=town["g2"], by=None, at=AT)
    assert Organisation.objects.standing().count() == len(town)


def test_splitting_gives_each_child_to_one_part(town: Town) -> None:
    parts = [
        actions.UnitPart(code="va", name="甲村", children=("g1",)),
        actions.UnitPart(code="vb", name="乙村", children=("g2",)),
    ]
    heirs = actions.split(organisation=town["v1"], parts=parts, by=None, at=AT)
    assert [unit.path for unit in heirs] == ["c/t1/va/", "c/t1/vb/"]
    assert (path("g1"), path("g2")) == ("c/t1/va/g1/", "c/t1/vb/g2/")
    old = Organisation.objects.get(code="v1")
    assert old.valid_until is not None
    assert actions.heirs(old) == heirs


@pytest.mark.parametrize(
    "children", [(("g1",), ()), (("g1", "g2"), ("g2",)), (("g1",), ("g2", "v2")), (("g1", "g2"),)]
)
def test_refuses_a_split_that_loses_or_doubles_a_child(
    town: Town, children: tuple[tuple[str, ...], ...]
) -> None:
    parts = [actions.UnitPart(code=f"p{n}", name="部", children=given) for n, given in enumerate(children)]
    with pytest.raises(actions.PartUnassigned) as refusal:
        actions.split(organisation=town["v1"], parts=parts, by=None, at=AT)
    assert refusal.value.field == "parts"
    assert Organisation.objects.count() == len(town)


def test_heirs_are_followed_through_several_changes(town: Town) -> None:
    parts = [
        actions.UnitPart(code="va", name="甲村", children=("g1", "g2")),
        actions.UnitPart(code="vb", name="乙村"),
    ]
    va, _vb = actions.split(organisation=town["v1"], parts=parts, by=None, at=AT)
    actions.merge(organisations=[va], into=town["v2"], by=None, at=AT)
    old = Organisation.objects.get(code="v1")
    assert [unit.code for unit in actions.heirs(old)] == ["v2", "vb"]
    assert actions.heirs(town["v2"]) == [town["v2"]]


def test_a_sibling_whose_code_begins_alike_is_not_within(town: Town) -> None:
    assert set(Organisation.objects.below(town["t1"]).values_list("code", flat=True)) == {
        "t1",
        "v1",
        "v10",
        "g1",
        "g2",
    }
    assert set(Organisation.objects.filter(within("path", "c/t1/v1/")).values_list("code", flat=True)) == {
        "v1",
        "g1",
        "g2",
    }


def test_every_change_raises_the_revision(town: Town) -> None:
    before = Revision.objects.get(name="organisations").number
    actions.rename(organisation=town["v1"], name="新村", by=None, at=AT)
    assert Revision.objects.get(name="organisations").number == before + 1


def test_a_refused_change_leaves_no_trace(town: Town) -> None:
    before = Revision.objects.get(name="organisations").number
    with pytest.raises(actions.NothingChanged), transaction.atomic():
        actions.rename(organisation=town["v1"], name="v1", by=None, at=AT)
    assert Revision.objects.get(name="organisations").number == before


def test_the_database_refuses_a_slash_in_a_code_and_a_unit_above_itself(town: Town) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.filter(code="v1").update(code="v/1")
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.filter(code="v1").update(parent=town["v1"])


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_can_not_close_a_loop(request: pytest.FixtureRequest) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one writer in at a time anyway")
    town: Town = request.getfixturevalue("town")
    for code in ("o1", "o2"):
        found(town, code, Kind.DEPARTMENT, "c")
    outcomes: list[str] = []

    def move(code: str, to: str) -> None:
        units = {unit.code: unit for unit in Organisation.objects.filter(code__in=["o1", "o2"])}
        try:
            actions.move(organisation=units[code], to=units[to], by=None, at=AT)
            outcomes.append("moved")
        except actions.WouldLoop:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=move, args=pair) for pair in (("o1", "o2"), ("o2", "o1"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["moved", "refused"]

"""Random lives of a tree: paths, parents and validity stay consistent whatever is done to it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linli.orgs import actions
from linli.orgs.models import Kind, Organisation, is_within, within
from linli.orgs.tests.conftest import AT, Town

Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["found", "move", "merge", "split", "close"]), st.integers(0, 99), st.integers(0, 99)
    ),
    max_size=12,
)
BELOW = {Kind.COUNTY: Kind.TOWNSHIP, Kind.TOWNSHIP: Kind.VILLAGE, Kind.VILLAGE: Kind.GRID}


def take(step: Step, number: int) -> None:
    """Do it, or be refused by name."""
    verb, one, other = step
    units = list(Organisation.objects.order_by("code"))
    unit, second = units[one % len(units)], units[other % len(units)]
    given: dict[str, Any] = {"by": None, "at": AT}
    try:
        match verb:
            case "found":
                kind = BELOW.get(Kind(unit.kind), Kind.GRID)
                actions.found(
                    code=f"{unit.code}0"[:30] + str(number), name="新", kind=kind, parent=unit, **given
                )
            case "move":
                actions.move(organisation=unit, to=second, **given)
            case "merge":
                actions.merge(organisations=[unit], into=second, **given)
            case "split":
                children = tuple(unit.children.standing().values_list("code", flat=True))
                parts = [
                    actions.UnitPart(code=f"s{number}a", name="甲", children=children[: other % 3]),
                    actions.UnitPart(code=f"s{number}b", name="乙", children=children[other % 3 :]),
                ]
                actions.split(organisation=unit, parts=parts, **given)
            case "close":
                actions.close(organisation=unit, **given)
    except actions.OrganisationError as error:
        refusals = (error.message, error.field)
        assert all(refusals)


def check() -> None:
    units = {unit.pk: unit for unit in Organisation.objects.all()}
    for unit in units.values():
        above = units[unit.parent_id].path if unit.parent_id else ""
        assert unit.path == f"{above}{unit.code}/"
        assert unit.ancestor_paths[-1] == unit.path
        if unit.valid_until is None and unit.parent_id:
            assert units[unit.parent_id].valid_until is None
        inside = {other.pk for other in units.values() if is_within(other.path, unit.path)}
        assert inside == set(
            Organisation.objects.filter(within("path", unit.path)).values_list("pk", flat=True)
        )
        assert inside == {other.pk for other in units.values() if descends(other, unit, units)}
        assert all(heir.valid_until is None for heir in actions.heirs(unit))


def descends(unit: Organisation, ancestor: Organisation, units: dict[Any, Organisation]) -> bool:
    """Whether walking up the parents meets the ancestor, path or no path."""
    for _step in range(20):
        if unit.pk == ancestor.pk:
            return True
        if unit.parent_id is None:
            return False
        unit = units[unit.parent_id]
    raise AssertionError("a loop")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=steps)
def test_paths_parents_and_periods_agree_after_any_changes(town: Town, taken: list[Step]) -> None:
    with transaction.atomic():
        for number, step in enumerate(taken):
            take(step, number)
        check()
        transaction.set_rollback(True)

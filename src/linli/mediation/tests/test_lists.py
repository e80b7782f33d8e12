"""The lists a county starts with, and what an administrator changes in them."""

from __future__ import annotations

import pytest
from conftest import NOW, Cast

from linli.cases import procedures
from linli.mediation.actions import lists
from linli.mediation.models import Category, Field
from linli.people.models import Change

# As the statistics of Huangshi, August 2016, print them.
PRINTED = (
    "婚姻家庭 邻里 房屋宅基地 合同 生产经营 损害赔偿 山林土地 征地拆迁 "
    "环境污染 劳动争议 消费 医疗 道路交通事故 物业 其他"
)

pytestmark = pytest.mark.django_db


def test_disputes_stand_in_the_order_the_statistics_print_them() -> None:
    lists.install_lists()
    rows = list(Category.objects.order_by("position").values_list("name_zh", flat=True))
    assert rows[:15] == PRINTED.split()
    assert rows[15:] == ["校园安全", "电子商务", "旅游", "非正常死亡"]
    assert Field.objects.count() == 10


def test_every_kind_of_dispute_follows_a_procedure_there_is() -> None:
    lists.install_lists()
    assert {row.procedure for row in Category.objects.all()} == set(lists.PROCEDURES)
    for row in Category.objects.all():
        assert procedures.latest(row.procedure).kind == row.procedure
    assert Category.objects.get(pk="labour").procedure == "mediation_labour"
    assert Category.objects.get(pk="medical").procedure == "mediation_medical"


def test_installing_again_keeps_what_was_edited(cast: Cast) -> None:
    lists.install_lists()
    field = Field.objects.get(pk="campus")
    lists.edit_field(
        field=field,
        by=cast["administrator"],
        at=NOW,
        changes={"name_zh": "校园", "name_en": "Schools", "is_active": False},
    )
    lists.install_lists()
    field.refresh_from_db()
    assert (field.name_zh, field.is_active) == ("校园", False)
    assert Change.objects.get(target_kind="field", target_id="campus").after == {
        "name_zh": "校园",
        "name_en": "Schools",
        "is_active": False,
    }


def test_adds_and_moves_an_entry(cast: Cast) -> None:
    lists.install_lists()
    by = cast["administrator"]
    added = lists.add_category(
        code="water", by=by, at=NOW, changes={"name_zh": "水利", "name_en": "Irrigation"}
    )
    assert Category.objects.order_by("-position").first() == added
    lists.move_entry(entry=added, places=-1, by=by, at=NOW)
    codes = list(Category.objects.order_by("position").values_list("code", flat=True))
    assert codes[-2:] == ["water", "unnatural_death"]
    lists.move_entry(entry=added, places=-100, by=by, at=NOW)
    assert Category.objects.order_by("position").first() == added


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        ("Water", {"name_zh": "水利", "name_en": "Irrigation"}, "code"),
        ("labour", {"name_zh": "劳动", "name_en": "Labour"}, "code"),
        ("water", {"name_zh": "", "name_en": "Irrigation"}, "name_zh"),
        ("water", {"name_zh": "水" * 41, "name_en": "Irrigation"}, "name_zh"),
        ("water", {"name_zh": "水利", "name_en": ""}, "name_en"),
        ("water", {"name_zh": "水利", "name_en": "Irrigation", "procedure": "magic"}, "procedure"),
        (
            "water",
            {"name_zh": "水利", "name_en": "Irrigation", "procedure": "mediation_commercial"},
            "procedure",
        ),
    ],
)
def test_names_the_field_that_is_wrong(cast: Cast, code: str, changes: dict[str, str], field: str) -> None:
    lists.install_lists()
    with pytest.raises(lists.ListRefused) as refused:
        lists.add_category(code=code, by=cast["administrator"], at=NOW, changes=changes)
    assert set(refused.value.errors) == {field}
    assert not Change.objects.exists()

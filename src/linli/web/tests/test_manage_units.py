"""The tree of organisations: looked through, changed, imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast, Town
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from linli.cases.models import Case
from linli.orgs.models import Boundary, Organisation, OrganisationChange
from linli.people.models import Change
from linli.web.tests.test_manage_people import administer_east

Desk = Callable[[str], Client]


@pytest.fixture
def admin(desk: Desk) -> Client:
    return desk("administrator")


@pytest.fixture
def east_admin(desk: Desk, cast: Cast, town: Town) -> Client:
    administer_east(cast, town)
    return desk("east_admin")


def change(client: Client, unit: Organisation, what: str, **given: Any) -> Any:
    return client.post(reverse("web:manage_unit_change", args=[unit.code, what]), given)


@pytest.mark.parametrize("who", ["dispatcher", "supervisor"])
def test_refuses_a_stranger(desk: Desk, town: Town, who: str) -> None:
    for name, args in (
        ("manage_organisations", []),
        ("manage_unit", [town["east"].code]),
        ("manage_unit_children", [town["east"].code]),
        ("manage_unit_outline", [town["east"].code]),
        ("manage_imports", []),
    ):
        assert desk(who).get(reverse(f"web:{name}", args=args)).status_code == 404
    assert change(desk(who), town["east"], "name", name="东城").status_code == 404


def test_units_of_other_areas_do_not_exist(east_admin: Client, town: Town) -> None:
    for name in ("county", "west", "west_village", "county_housing"):
        assert east_admin.get(reverse("web:manage_unit", args=[town[name].code])).status_code == 404
        assert change(east_admin, town[name], "name", name="改名").status_code == 404
    assert east_admin.get(reverse("web:manage_imports")).status_code == 404
    found = east_admin.get(reverse("web:manage_organisations"), {"q": "镇"}).context["found"]
    assert {unit.path.split("/")[1] for unit in found} == {"990001101"}


def test_looks_through_the_tree_branch_by_branch(admin: Client, town: Town) -> None:
    top = admin.get(reverse("web:manage_organisations"))
    assert "东河镇" in top.content.decode()
    branch = admin.get(reverse("web:manage_unit_children", args=[town["east"].code])).content.decode()
    assert "绿林村" in branch
    assert "石桥村" not in branch
    page = admin.get(reverse("web:manage_unit", args=[town["grid"].code])).content.decode()
    assert "汪秀兰" in page
    assert "新名称" in page  # each field under its own label
    outline = admin.get(reverse("web:manage_unit_outline", args=[town["village"].code]))
    assert {feature["properties"]["code"] for feature in outline.json()["features"]} == {
        town[name].code for name in ("village", "grid", "grid2")
    }
    again = admin.get(
        reverse("web:manage_unit_outline", args=[town["village"].code]),
        headers={"If-None-Match": outline["ETag"]},
    )
    assert again.status_code == 304


def test_renames_founds_and_describes(east_admin: Client, town: Town) -> None:
    assert change(east_admin, town["village"], "name", name="绿林新村", name_en="New").status_code == 302
    details = {"function": "", "phone": "0712-0000-222", "supervision_phone": "", "area": "全村"}
    assert change(east_admin, town["village"], "details", **details).status_code == 302
    given = {"kind": "grid", "code": "990001101201003", "name": "第三网格"}
    assert change(east_admin, town["village"], "units", **given).status_code == 302
    village = Organisation.objects.get(pk=town["village"].pk)
    assert (village.name, village.phone) == ("绿林新村", "0712-0000-222")
    assert village.children.filter(name="第三网格").exists()
    assert OrganisationChange.objects.filter(organisation=village, change="renamed").exists()
    assert Change.objects.get().what == "unit.described"
    page = east_admin.get(reverse("web:manage_unit", args=[village.code])).content.decode()
    assert "绿林村" in page  # its former name


def test_moves_a_unit_with_its_cases(admin: Client, town: Town, lamp: Case) -> None:
    answer = change(admin, town["village"], "parent", parent="西山镇", note="县政府批复")
    assert answer.status_code == 302
    lamp.refresh_from_db()
    assert lamp.place_path.startswith("990001/990001102/990001101201/")


def test_merges_splits_and_closes(admin: Client, town: Town) -> None:
    assert change(admin, town["grid2"], "merger", into=town["grid"].code).status_code == 302
    town["grid2"].refresh_from_db()
    assert town["grid2"].valid_until is not None
    parts = "990001101301，绿东村\n990001101302，绿西村，West"
    given = {"parts": parts, f"child-{town['grid'].code}": "2"}
    answer = change(admin, town["village"], "division", **given)
    assert answer.status_code == 302
    town["grid"].refresh_from_db()
    assert "990001101302" in town["grid"].path
    assert change(admin, town["west_works"], "closure", sure="on").status_code == 302
    town["west_works"].refresh_from_db()
    assert town["west_works"].valid_until is not None
    assert change(admin, town["west_works"], "name", name="又来").status_code == 404


@pytest.mark.parametrize(
    ("unit", "what", "given", "field"),
    [
        ("village", "name", {"name": "绿林村", "name_en": "Lülin Village"}, "name"),
        ("village", "name", {"name": " "}, "name"),
        ("village", "units", {"kind": "grid", "code": "990001101201001", "name": "重号"}, "code"),
        ("village", "units", {"kind": "grid", "code": "a/b", "name": "斜线"}, "code"),
        ("village", "units", {"kind": "township", "code": "x1", "name": "镇"}, "kind"),
        ("village", "parent", {"parent": "第一网格"}, "parent"),
        ("village", "parent", {"parent": "县住建局"}, "parent"),
        ("east", "parent", {"parent": "东河镇"}, "parent"),
        ("grid", "merger", {"into": "第一网格"}, "into"),
        ("village", "merger", {"into": "县住建局"}, "into"),
        ("village", "division", {"parts": "990001101301，只有一个"}, "parts"),
        ("village", "closure", {}, "sure"),
        ("village", "closure", {"sure": "on"}, "__all__"),
    ],
)
def test_says_why_a_change_cannot_be_made(
    admin: Client, town: Town, unit: str, what: str, given: dict[str, str], field: str
) -> None:
    if what == "division":
        given = {**given, f"child-{town['grid'].code}": "1", f"child-{town['grid2'].code}": "1"}
    before = list(Organisation.objects.order_by("pk").values())
    answer = change(admin, town[unit], what, **given)
    assert answer.status_code == 422
    assert field in answer.context["forms"][what].errors
    assert f'id="change-{what}" open' in answer.content.decode()
    assert list(Organisation.objects.order_by("pk").values()) == before


def test_the_root_of_ones_own_area_is_not_moved_nor_closed(east_admin: Client, town: Town) -> None:
    for what in ("parent", "merger", "division", "closure"):
        assert change(east_admin, town["east"], what, sure="on").status_code == 404
    assert change(east_admin, town["village"], "parent", parent="西山镇").status_code == 422
    assert change(east_admin, town["village"], "nonsense").status_code == 404


def upload(name: str, content: str | bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


HEADER = "village_code,village_name,town_code,town_name,county_code\n"


def test_imports_a_list_of_statistics_codes(admin: Client, town: Town) -> None:
    rows = "990001103201,新桥村委会,990001103000,南岭镇,990001000000\n"
    answer = admin.post(reverse("web:manage_import_units"), {"file": upload("a.csv", HEADER + rows)})
    assert answer.status_code == 302
    assert Organisation.objects.get(code="990001103201").name == "新桥村"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("village,town\n1,2\n", "village_code"),
        (HEADER + "990001103201,新桥村委会,9900", "第"),
        (HEADER + "abc,新桥村委会,990001103000,南岭镇,990001000000\n", "village_code"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", ""),
    ],
)
def test_refuses_a_torn_or_wrong_file_and_names_the_row(
    admin: Client, town: Town, content: str | bytes, said: str
) -> None:
    before = Organisation.objects.count()
    answer = admin.post(reverse("web:manage_import_units"), {"file": upload("a.csv", content)})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert answer.context["problems"]
    assert Organisation.objects.count() == before


def test_imports_outlines(admin: Client, town: Town) -> None:
    square = {
        "type": "Polygon",
        "coordinates": [[[114, 31], [114.02, 31], [114.02, 31.02], [114, 31.02], [114, 31]]],
    }
    feature = {"type": "Feature", "properties": {"code": town["grid"].code}, "geometry": square}
    data = json.dumps({"type": "FeatureCollection", "features": [feature]})
    url = reverse("web:manage_import_boundaries")
    assert admin.post(url, {"file": upload("a.json", data), "source": "测绘"}).status_code == 302
    assert Boundary.objects.get(organisation=town["grid"]).source == "测绘"
    for bad in (
        "{",
        '{"type": "FeatureCollection", "features": []}',
        data.replace(town["grid"].code, "nobody"),
    ):
        answer = admin.post(url, {"file": upload("a.json", bad), "source": "测绘"})
        assert answer.status_code == 422
    assert admin.post(url, {"source": "测绘"}).status_code == 422
    empty = admin.post(url, {"file": upload("a.json", ""), "source": "测绘"})
    assert empty.status_code == 422


def test_asks_in_english_for_the_source_of_outlines(admin: Client) -> None:
    page = admin.get(reverse("web:manage_imports"), headers={"Accept-Language": "en"})
    assert page.context["outlines_form"]["source"].label == "Source"


def test_shows_a_unit_in_the_same_number_of_statements(
    admin: Client, town: Town, django_assert_max_num_queries: Any
) -> None:
    for name in ("county", "east", "grid"):
        url = reverse("web:manage_unit", args=[town[name].code])
        admin.get(url)
        with django_assert_max_num_queries(16):
            assert admin.get(url).status_code == 200

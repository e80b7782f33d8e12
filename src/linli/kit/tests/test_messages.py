"""The translation tool finds what would show a reader the wrong language."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from linli.kit import messages


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of two apps, one of them with a page, and everything translated."""
    for app in ("roads", "trees"):
        (tmp_path / app / "templates").mkdir(parents=True)
        (tmp_path / app / "__init__.py").touch()
    write(tmp_path / "roads/views.py", '"""中文说明 in a docstring."""\n\nTITLE = _("修路")\n')
    write(
        tmp_path / "roads/templates/page.html",
        "{# 注释 #}\n"
        "  <p>\n"
        "{% translate '路灯' %} {% include 'x.html' with title=_(\"坏了\") %}\n"
        "    {% blocktranslate trimmed count n=n %}\n"
        "      {{ n }} 盏灯\n"
        "    {% plural %}{{ n }} 盏灯{% endblocktranslate %}</p>",
    )
    write(
        tmp_path / "roads" / messages.CATALOGUE,
        'msgid "修路"\nmsgstr "Mend a road"\n\nmsgid "路灯"\nmsgstr "Street lamp"\n\n'
        'msgid "坏了"\nmsgstr "Broken"\n\n'
        'msgid "%(n)s 盏灯"\nmsgid_plural "%(n)s 盏灯"\nmsgstr[0] "One lamp"\nmsgstr[1] "%(n)s lamps"\n',
    )
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def extend(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_is_content_with_a_translated_package(package: Path) -> None:
    assert messages.check(package) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("roads/views.py", 'A = _("新的")\n', "roads/views.py:4: “新的” has no English"),
        ("roads/views.py", 'A = "直写"\n', "roads/views.py:4: Chinese text outside gettext"),
        ("roads/views.py", 'A = f"{x}直写"\n', "roads/views.py:4: Chinese text outside gettext"),
        ("roads/templates/page.html", "\n<b>直写</b>", "page.html:7: Chinese text outside gettext"),
        ("roads/templates/page.html", '\n{% include "x" with a="直写" %}', "page.html:7: Chinese text"),
        (str("roads" / messages.CATALOGUE), '\nmsgid "旧"\nmsgstr "Old"\n', "“旧” is used nowhere any more"),
        (str("trees" / messages.CATALOGUE), 'msgid "修路"\nmsgstr "Pave"\n', "translated differently"),
        (str("trees" / messages.CATALOGUE), '#, fuzzy\nmsgid "修路"\nmsgstr "Pave"\n', "is marked fuzzy"),
        (str("trees" / messages.CATALOGUE), 'msgid "修路"\nmsgstr ""\n', "“修路” has no English"),
        (str("trees" / messages.CATALOGUE), 'msgid "修路"\nmsgstr "Road %s"\n', "other placeholders"),
        (str("trees" / messages.CATALOGUE), 'msgid "修路"\nmsgstr "修 road"\n', "Chinese characters"),
        ("roads/data.toml", 'label = {zh = "路", en = ""}\n', "roads/data.toml: label lacks zh or en"),
    ],
)
def test_names_each_fault(package: Path, file: str, text: str, complaint: str) -> None:
    if (package / file).exists():
        extend(package / file, text)
    else:
        write(package / file, text)
    assert [line for line in messages.check(package) if complaint in line], messages.check(package)


def test_leaves_tests_migrations_and_excused_lines_alone(package: Path) -> None:
    write(package / "roads/tests/test_x.py", 'A = "直写"\n')
    write(package / "roads/migrations/0001.py", 'A = "直写"\n')
    extend(package / "roads/views.py", 'PARTS = "村组"  # zh: parts of an address, never shown\n')
    extend(package / "roads/views.py", 'A = re.compile("村|组").sub("", name.removesuffix("村"))\n')
    assert messages.check(package) == []


def test_asks_no_english_of_figures_but_knows_they_are_used(package: Path) -> None:
    extend(package / "roads/views.py", 'A = pgettext("date", "%(day)s %(month)s")\n')
    assert messages.check(package) == []
    extend(package / "roads" / messages.CATALOGUE, '\nmsgctxt "date"\nmsgid "%(day)s %(month)s"\n')
    extend(package / "roads" / messages.CATALOGUE, 'msgstr "%(month)s %(day)s"\n')
    assert messages.check(package) == []


def test_extracts_into_the_app_that_uses_a_text_and_prunes_on_request(package: Path) -> None:
    write(package / "trees/views.py", 'A = _("种树")\nB = _("修路")\nC = pgettext("动词", "树")\n')
    write(package / "roads/views.py", "")
    assert messages.add_missing([], package=package) == ["trees: 2 added, 0 removed"]
    text = (package / "trees" / messages.CATALOGUE).read_text(encoding="utf-8")
    assert 'msgid "种树"\nmsgstr ""' in text
    assert 'msgctxt "动词"\nmsgid "树"' in text
    assert "修路" not in text, "another app's catalogue has it"
    assert messages.add_missing([], package=package) == []

    write(package / "trees/views.py", 'A = _("种树")\n')
    assert messages.add_missing(["roads"], prune=True, package=package) == ["roads: 0 added, 1 removed"]
    assert messages.add_missing([], prune=True, package=package) == ["trees: 0 added, 1 removed"]


def test_compiles_what_changed_and_leaves_fuzzy_entries_out(package: Path) -> None:
    extend(package / "roads" / messages.CATALOGUE, '\n#, fuzzy\nmsgid "旧"\nmsgstr "Old"\n')
    assert messages.compile_all(package) == 1
    assert messages.compile_all(package) == 0
    with (package / "roads" / messages.CATALOGUE).with_suffix(".mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("路灯") == "Street lamp"
    assert catalogue.gettext("旧") == "旧"
    assert catalogue.ngettext("%(n)s 盏灯", "%(n)s 盏灯", 1) == "One lamp"
    assert catalogue.ngettext("%(n)s 盏灯", "%(n)s 盏灯", 3) == "%(n)s lamps"


def test_a_text_of_chinese_marks_alone_needs_english_too() -> None:
    assert messages._speaks_chinese(("", ("%(month)s：%(shown)s",)))
    assert not messages._speaks_chinese(("", ("%(done)s / %(all)s",)))

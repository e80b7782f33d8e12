"""Translations: `python -m linli.kit.messages compile | check | extract [--prune] [app …]`.

The source language is Chinese, so every msgid is the Chinese sentence itself; each app keeps its English in
`locale/en/LC_MESSAGES/django.po`. Needs Babel only, no GNU gettext.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/en/LC_MESSAGES/django.po")
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
CHINESE = re.compile(rf"{HAN.pattern}|[，。：；、（）“”]")  # English has other marks between words, too
PLACEHOLDER = re.compile(r"%\([a-z_0-9]+\)[sd]|%[sd]|\{[a-z_0-9.]*\}", re.IGNORECASE)
EXEMPT = re.compile(r"#\s*zh:\s*\S")
# A mark that joins the words of a list: `kit.lists` and `|listed` do it in the reader's language.
JOINED = re.compile(r"""(?<!_\()["'][，、；]["']\.join\(|\|join:["'][，、；]""")
# Calls that read a text rather than show it, so may name Chinese characters.
READERS = {
    *("re.compile", "re.search", "re.match", "re.fullmatch", "re.sub", "re.split", "re.findall"),
    *("startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split", "strip"),
}
WITHOUT_MESSAGES = {"tests", "migrations", "data"}
KEYWORDS: dict[str, Any] = {
    "_": None,
    **dict.fromkeys(["gettext", "gettext_lazy", "gettext_noop"]),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (1, 2)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], ((1, "c"), 2)),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], ((1, "c"), 2, 3)),
}
# What a template may hold besides text for people, and the tags that mark text as translated.
UNSHOWN = re.compile(
    r"\{#.*?#\}|\{%\s*comment\b.*?%\}.*?\{%\s*endcomment\s*%\}"
    r"|\{%\s*blocktrans(?:late)?\b.*?%\}.*?\{%\s*endblocktrans(?:late)?\s*%\}"
    r"|\{%\s*trans(?:late)?\s.*?%\}"
    r"""|_\((?:"[^"]*"|'[^']*')\)""",
    re.DOTALL,
)

Key = tuple[str, tuple[str, ...]]  # context, then the msgid and its plural where there is one


class Use(NamedTuple):
    """A place where a text stands."""

    key: Key
    path: Path
    line: int


def apps(package: Path = PACKAGE) -> list[Path]:
    return sorted(path.parent for path in package.glob("*/__init__.py"))


def _sources(app: Path, pattern: str) -> Iterator[Path]:
    for path in sorted(app.rglob(pattern)):
        if not WITHOUT_MESSAGES.intersection(path.relative_to(app).parts):
            yield path


def _templates(app: Path) -> Iterator[Path]:
    for pattern in ("*.html", "*.txt"):
        yield from (path for path in _sources(app, pattern) if "templates" in path.parts)


def _calls(path: Path, source: str) -> Iterator[Use]:
    """Every text handed to gettext in this Python source."""
    found = extract("python", BytesIO(source.encode()), KEYWORDS, options={"encoding": "utf-8"})
    for line, texts, _comments, context in found:
        parts = (texts,) if isinstance(texts, str) else tuple(text for text in texts if text)
        yield Use((context or "", parts), path, line)


def uses(app: Path) -> list[Use]:
    """Every text of the app that is to be translated."""
    found: list[Use] = []
    for path in _sources(app, "*.py"):
        found += _calls(path, path.read_text(encoding="utf-8"))
    for path in _templates(app):
        code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        found += _calls(path, "\n".join(line.lstrip() for line in code.splitlines()))
    return found


def _read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="en", domain="django", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale="en", domain="django")


def _write(path: Path, catalogue: Catalog) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = BytesIO()
    write_po(text, catalogue, width=100, no_location=True, omit_header=True, ignore_obsolete=True)
    header = '#\nmsgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    header += '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    path.write_text(header + text.getvalue().decode().lstrip("\n"), encoding="utf-8")


def _key(entry: Entry) -> Key:
    parts = (entry.id,) if isinstance(entry.id, str) else tuple(entry.id)
    return (entry.context or "", parts)


def _entries(catalogue: Catalog) -> dict[Key, Entry]:
    return {_key(entry): entry for entry in catalogue if entry.id}


def _english(entry: Entry) -> list[str]:
    return [entry.string] if isinstance(entry.string, str) else list(entry.string or [])


def _name(key: Key) -> str:
    return f"“{key[1][0]}”" + (f" ({key[0]})" if key[0] else "")


def _speaks_chinese(key: Key) -> bool:
    """Whether the text needs English at all: figures and names alone read the same in both languages."""
    return bool(CHINESE.search("".join(key[1])))


def _fault(entry: Entry) -> str:
    """What is wrong with an English entry; empty when nothing is."""
    english = _english(entry)
    if entry.fuzzy:
        return "is marked fuzzy"
    if not english or not all(text.strip() for text in english):
        return "has no English"
    wanted = set(PLACEHOLDER.findall("".join(_key(entry)[1])))
    # One form of a plural may leave the number out ("one case"), the last form may not.
    if set(PLACEHOLDER.findall(english[-1])) != wanted:
        return f"has other placeholders in English than {sorted(wanted)}"
    if any(HAN.search(text) for text in english) and english != [entry.id]:  # a language's own name stays
        return "has Chinese characters in its English"
    return ""


def untranslated(package: Path = PACKAGE) -> list[str]:
    """Texts without sound English, entries nobody uses, and texts with two different translations."""
    catalogues = {app: _entries(_read(app / CATALOGUE)) for app in apps(package)}
    used = {app: uses(app) for app in catalogues}
    known: dict[Key, Entry] = {}
    problems = []
    for app, entries in catalogues.items():
        for key, entry in entries.items():
            if fault := _fault(entry):
                problems.append(f"{app.name}: {_name(key)} {fault}")
            elif key in known and _english(known[key]) != _english(entry):
                problems.append(f"{app.name}: {_name(key)} is translated differently in another app")
            known.setdefault(key, entry)
    for app in used:
        missing = {
            use.key: use for use in reversed(used[app]) if use.key not in known and _speaks_chinese(use.key)
        }
        for key, use in missing.items():
            problems.append(f"{use.path.relative_to(package)}:{use.line}: {_name(key)} has no English")
    live = {use.key for found in used.values() for use in found}
    for app, entries in catalogues.items():
        stale = [key for key in entries if key not in live]
        problems += [f"{app.name}: {_name(key)} is used nowhere any more" for key in stale]
    return problems


def _strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """String constants outside docstrings, gettext calls and calls that only read."""
    if isinstance(tree, ast.Call):
        function = ast.unparse(tree.func)
        if {function, function.rpartition(".")[2]} & (KEYWORDS.keys() | READERS):
            return
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant):
        return
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _strings(child)


def _bare_in_python(path: Path) -> Iterator[int]:
    source = path.read_text(encoding="utf-8")
    if not CHINESE.search(source):
        return
    lines = source.splitlines()
    for number, line in enumerate(lines, start=1):
        if JOINED.search(line) and not EXEMPT.search(line):
            yield number
    for node in _strings(ast.parse(source)):
        span = lines[node.lineno - 1 : node.end_lineno]
        if HAN.search(str(node.value)) and not any(EXEMPT.search(line) for line in span):
            yield node.lineno


def _bare_in_template(path: Path) -> Iterator[int]:
    source = path.read_text(encoding="utf-8")
    shown = UNSHOWN.sub(lambda found: "\n" * found.group().count("\n"), source)
    for number, line in enumerate(shown.splitlines(), start=1):
        if HAN.search(line) or JOINED.search(line):
            yield number


def bare(package: Path = PACKAGE) -> list[str]:
    """Chinese text written past gettext. A Python line may excuse itself with `# zh: reason`."""
    problems = []
    for app in apps(package):
        places = [(path, line) for path in _sources(app, "*.py") for line in _bare_in_python(path)]
        places += [(path, line) for path in _templates(app) for line in _bare_in_template(path)]
        names = [f"{path.relative_to(package)}:{line}" for path, line in places]
        problems += [f"{name}: Chinese text outside gettext" for name in names]
    return problems


def _halves(value: Any, where: str) -> Iterator[str]:
    """Tables of a TOML file that speak one language only."""
    if isinstance(value, dict):
        if ("zh" in value or "en" in value) and not (value.get("zh") and value.get("en")):
            yield where
        for key, inner in value.items():
            yield from _halves(inner, f"{where}.{key}" if where else key)
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _halves(inner, f"{where}[{number}]")


def one_sided(package: Path = PACKAGE) -> list[str]:
    """Labels in data files that lack one of the two languages."""
    problems = []
    for path in sorted(package.rglob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        problems += [f"{path.relative_to(package)}: {where} lacks zh or en" for where in _halves(data, "")]
    return problems


def check(package: Path = PACKAGE) -> list[str]:
    """Everything that would show a reader the wrong language, one line each."""
    return [*untranslated(package), *bare(package), *one_sided(package)]


def compile_all(package: Path = PACKAGE) -> int:
    """Write each `django.mo` that is older than its `django.po`; the number written."""
    written = 0
    for app in apps(package):
        source = app / CATALOGUE
        target = source.with_suffix(".mo")
        if not source.exists() or (target.exists() and target.stat().st_mtime >= source.stat().st_mtime):
            continue
        with target.open("wb") as file:
            write_mo(file, _read(source))
        written += 1
    return written


def add_missing(chosen: Iterable[str], *, prune: bool = False, package: Path = PACKAGE) -> list[str]:
    """Add empty entries for texts no catalogue holds, to the catalogue of the app that uses them.

    With `prune`, entries nobody uses are removed. Returns one line for each catalogue changed.
    """
    every = {app: _entries(_read(app / CATALOGUE)) for app in apps(package)}
    used = {app: {use.key: use for use in uses(app)} for app in every}
    known = {key for entries in every.values() for key in entries}
    live = {key for keys in used.values() for key in keys}
    names = set(chosen) or {app.name for app in every}
    lines = []
    for app in (app for app in every if app.name in names):
        missing = [key for key in used[app] if key not in known and _speaks_chinese(key)]
        stale = [key for key in every[app] if key not in live] if prune else []
        if not missing and not stale:
            continue
        catalogue = _read(app / CATALOGUE)
        for context, parts in missing:
            catalogue.add(parts if len(parts) > 1 else parts[0], context=context or None)
        for context, parts in stale:
            catalogue.delete(parts[0], context=context or None)
        _write(app / CATALOGUE, catalogue)
        known.update(missing)
        lines.append(f"{app.name}: {len(missing)} added, {len(stale)} removed")
    return lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m linli.kit.messages", description=__doc__)
    parser.add_argument("task", choices=["compile", "check", "extract"])
    parser.add_argument("apps", nargs="*", help="only these apps (extract)")
    parser.add_argument("--prune", action="store_true", help="remove entries nobody uses (extract)")
    chosen = parser.parse_args(arguments)
    if chosen.task == "compile":
        lines = [f"{compile_all()} catalogues compiled"]
    elif chosen.task == "extract":
        lines = add_missing(chosen.apps, prune=chosen.prune) or ["nothing to add"]
    else:
        lines = check()
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if chosen.task == "check" and lines else 0


if __name__ == "__main__":
    sys.exit(main())

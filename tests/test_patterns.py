"""No text can keep a pattern busy: every regular expression of the package, against what it likes best, then a misfit.

Patterns are found in the source itself, so that a new one is tried without anybody's doing. What is measured is growth:
four times the text may take about four times as long, however slow the machine is.
"""

from __future__ import annotations

import ast
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import islice, product
from pathlib import Path
from re import _constants as op
from re import _parser as reading
from typing import Any

import pytest
from django.conf import settings

# What stands for it when it is tried: those that go on after a match are alike.
METHODS = {
    "match": "match", "fullmatch": "fullmatch", "search": "search", "sub": "sub", "subn": "sub",
    "split": "sub", "findall": "sub", "finditer": "sub",
}  # fmt: skip
WITHOUT_END = 16  # a repetition of more than this may be pumped
LENGTH = 1024
SUSPECT = 0.0005  # seconds of processor: half a million steps take longer, a thousand do not
MOST_LIKES = 8
GROWTH = 9.0  # linear is 4, quadratic 16
PATIENCE = 1.0  # seconds of processor, after which the pattern has lost
MISFITS = ("\x00", "⁂")
SPOKEN_OF = re.compile(r"\bre\.|RegexValidator|\.(?:match|fullmatch|search|subn?|split|findall|finditer)\(")
OUR_OWN = "linli.kit.messages:"  # reads nothing but our own templates, and not where anybody waits
# What a pattern made within a function is made of.
WITHIN = {
    "mark": "Firefox", "same": "[0-9a-f-]{36}", "name": "李秀英", "turn": None, "_bare": str,
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A pattern, where it stands, and how it is used."""

    where: str
    pattern: re.Pattern[Any]
    methods: tuple[str, ...]


# --- finding them -------------------------------------------------------------------------------


def patterns(root: Path) -> list[Found]:
    """Every pattern of the package; one that cannot be made here is an error, not a gap."""
    written = {
        path: path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*.py"))
        if "tests" not in path.relative_to(root).parts
    }
    trees = {path: ast.parse(text) for path, text in written.items() if SPOKEN_OF.search(text)}
    used = _uses(trees.values())
    return [found for path, tree in trees.items() for found in _in_file(root, path, tree, used)]


def _uses(trees: Any) -> dict[str, set[str]]:
    """By name of a constant, the methods somebody calls on it anywhere."""
    found: dict[str, set[str]] = {}
    for node in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)):
        if node.attr in METHODS:
            named = (
                node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            )
            found.setdefault(named, set()).add(node.attr)
    return found


def _in_file(root: Path, path: Path, tree: ast.Module, used: dict[str, set[str]]) -> Iterator[Found]:
    names: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            names[id(node.value)] = getattr(target, "id", "")
    for node in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if (called := _called(node)) is None:
            continue
        module = ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
        pattern = _made(node, called, {"re": re, **WITHIN, **vars(import_module(module))})
        ways = {called} if called in METHODS else used.get(names.get(id(node), ""), set(METHODS))
        yield Found(f"{module}:{node.lineno}", pattern, tuple(sorted({METHODS[way] for way in ways})))


def _called(node: ast.Call) -> str | None:
    """`compile`, `sub` … where a pattern is given to the library, `search` for a validator."""
    if getattr(node.func, "id", "") == "RegexValidator":
        return "search"
    on = getattr(getattr(node.func, "value", None), "id", "")
    name = getattr(node.func, "attr", "")
    return name if on == "re" and name in {"compile", *METHODS} else None


def _made(node: Any, called: str, names: dict[str, Any]) -> re.Pattern[Any]:
    flags = [each.value for each in node.keywords if each.arg == "flags"]
    if called == "compile" and len(node.args) > 1:
        flags = [node.args[1]]
    written = [_value(each, names) for each in [node.args[0], *flags]]
    return re.compile(*written)


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "<pattern>", "eval"), names)  # noqa: S307 - our own source


# --- what a pattern likes best --------------------------------------------------------------------


def attacks(pattern: re.Pattern[Any]) -> set[tuple[str, str, str]]:
    """(before, what is repeated, after): for each repetition the way to it, and what it, or its neighbours, take."""
    tree = reading.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    repeated = list(_repeated(tree, ""))
    likes = _likes(tree)[:MOST_LIKES] if repeated else []
    found = {("", each, end) for each in likes for end in MISFITS}
    found |= {("", one + other, MISFITS[0]) for one, other in product(likes[:4], repeat=2) if one != other}
    for before, inside in repeated:
        found |= {(before, pump, end) for pump in {_sample(inside), *likes} - {""} for end in MISFITS}
    return found


def _repeated(nodes: Any, before: str) -> Iterator[tuple[str, Any]]:
    for kind, value in nodes:
        for inside in _parts(kind, value):
            yield from _repeated(inside, before)
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT) and value[1] > WITHOUT_END:
            yield before, value[2]
        before += _sample([(kind, value)])


def _parts(kind: Any, value: Any) -> list[Any]:
    """What stands inside a node."""
    if kind is op.BRANCH:
        return list(value[1])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.ATOMIC_GROUP:
        return [value]
    return [value[1]] if kind in (op.ASSERT, op.ASSERT_NOT) else []


def _sample(nodes: Any) -> str:
    """Something short that these nodes take."""
    said = ""
    for kind, value in nodes:
        if kind in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            said += (_characters(kind, value) or ["x"])[0]
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            said += _sample(value[2]) * min(value[0], WITHOUT_END)
        elif kind not in (op.ASSERT, op.ASSERT_NOT) and (inside := _parts(kind, value)):
            said += _sample(inside[0])
    return said


def _likes(nodes: Any) -> list[str]:
    """The characters a pattern speaks of, those of every class among them."""
    found: dict[str, None] = {}
    for kind, value in nodes:
        found.update(dict.fromkeys(_characters(kind, value)))
        for inside in _parts(kind, value):
            found.update(dict.fromkeys(_likes(inside)))
    return list(found)


CLASSES = {
    op.CATEGORY_DIGIT: "0", op.CATEGORY_SPACE: " \t", op.CATEGORY_WORD: "a0_一",
    op.CATEGORY_NOT_DIGIT: "a", op.CATEGORY_NOT_SPACE: "a", op.CATEGORY_NOT_WORD: " -",
}  # fmt: skip


def _characters(kind: Any, value: Any) -> list[str]:
    if kind is op.LITERAL:
        return [chr(value)]
    if kind is op.ANY:
        return ["x"]
    if kind is op.NOT_LITERAL:
        return ["x" if value != ord("x") else "y"]
    if kind is op.RANGE:
        return [chr(value[0]), chr(value[1])]
    if kind is op.CATEGORY:
        return list(CLASSES[value])
    if kind is not op.IN:
        return []
    inside = [each for one in value for each in _characters(*one)]
    return inside if value[0][0] is not op.NEGATE else [each for each in "xa0 一-" if each not in inside]


# --- how long it takes ----------------------------------------------------------------------------


class Stuck(Exception):
    """The pattern did not come back."""


@contextmanager
def patience() -> Iterator[None]:
    """Ends what runs for too long; the library looks for signals while it matches."""

    def stop(*_args: Any) -> None:
        raise Stuck

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def tried(pattern: re.Pattern[Any], method: str, text: str, times: int = 1) -> float:
    """Seconds of processor the pattern takes for a text, the least of some."""
    subject: Any = text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text
    act: Callable[[Any], Any] = getattr(pattern, method)
    if method == "sub":
        act = partial(pattern.sub, pattern.pattern[:0])
    spent = []
    for _time in range(times):
        begin = time.thread_time()
        act(subject)
        spent.append(time.thread_time() - begin)
    return min(spent)


def grows(pattern: re.Pattern[Any], method: str, attack: tuple[str, str, str]) -> str:
    """What is wrong with a pattern under an attack, if anything."""
    before, pump, after = attack

    def text(length: int) -> str:
        return before + pump * (length // len(pump)) + after

    try:
        with patience():
            if tried(pattern, method, text(LENGTH)) < SUSPECT:
                return ""
            short = tried(pattern, method, text(LENGTH), 3)
            long = tried(pattern, method, text(4 * LENGTH), 3)
    except Stuck:
        return f"{method} does not come back from {attack!r}"
    return f"{method} grows {long / short:.0f} times on {attack!r}" if long > GROWTH * short else ""


def objections(found: Found) -> list[str]:
    """The first thing that is wrong with a pattern."""
    wrong = (
        f"{found.where} {found.pattern.pattern!r}: {said}"
        for method in found.methods
        for each in sorted(attacks(found.pattern))
        if (said := grows(found.pattern, method, each))
    )
    return list(islice(wrong, 1))


def test_no_text_keeps_a_pattern_of_ours_busy() -> None:
    found = patterns(settings.PACKAGE)
    assert len(found) > 80
    assert [line for one in found if not one.where.startswith(OUR_OWN) for line in objections(one)] == []


@pytest.mark.parametrize(
    ("written", "method"),
    [
        (r"(a+)+$", "match"),
        (r"^(\d+|[a-z]+)*$", "match"),
        (r"\s+$", "sub"),
        (r"x(?:\w|_y?)+-", "match"),
        (r"[a-z]+@", "search"),
        (r"\s*[,，\t]\s*;", "sub"),
        (r"A[0-9]{3}(?:-?[0-9]+)*!", "fullmatch"),
        (rb"\d*\d*\d*z", "match"),
    ],
)
def test_catches_a_pattern_that_can_be_kept_busy(written: Any, method: str) -> None:
    assert objections(Found("planted", re.compile(written), (method,)))


@pytest.mark.parametrize(
    ("written", "method"),
    [(r"a+b", "match"), (r"(?:a|b)*+c", "fullmatch"), (r"[0-9]{1,9}x", "search"), (r"(?>\s+)x?", "sub")],
)
def test_leaves_a_sound_pattern_alone(written: str, method: str) -> None:
    assert objections(Found("sound", re.compile(written), (method,))) == []


def test_finds_patterns_wherever_they_are_made(tmp_path: Path) -> None:
    written = (
        "import re\nONE = re.compile('a', re.I)\ndef two(x: str) -> bool:\n    return re.fullmatch('b', x)\n"
    )
    (tmp_path / "linli").mkdir()
    (tmp_path / "linli" / "kit.py").write_text(written)
    found = patterns(tmp_path / "linli")
    assert found[0].pattern == re.compile("a", re.IGNORECASE)
    assert found[1].methods == ("fullmatch",)


def test_no_data_file_brings_patterns_of_its_own() -> None:
    """Forms, procedures and lists name no pattern, so that whoever edits one can plant none."""
    files = [*settings.PACKAGE.rglob("*.toml"), *settings.PACKAGE.rglob("*.html")]
    named = re.compile(r"^\s*(?:pattern|regex)\s*=|\spattern=\"", re.MULTILINE)
    assert [path.name for path in files if named.search(path.read_text(encoding="utf-8"))] == []

"""Indicators as data: one TOML file each, refused where it names what does not exist or must not be counted."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from linli.cases.procedures.model import Label
from linli.measures.formulas.sums import MEASURES, NAMES

FORMS = {"share", "median", "p90", "screened"}
BETTER = {"up", "down", "neither"}
SOURCES = {"legal", "local"}
BY = {"report", "close", "resident", "unit", "check", "time"}
KEYS = {
    "position", "label", "definition", "form", "kind", "part", "whole", "measure", "better", "window",
    "target", "exclusions", "source",
}  # fmt: skip
REQUIRED = {"position", "label", "definition", "form", "kind", "better", "window", "source"}
TERM = re.compile(r"\s*+([+-]?)\s*+([a-z_]+)")
Counts = Mapping[str, int]


class IndicatorError(ValueError):
    """A file that says something no indicator may say."""


@dataclass(frozen=True)
class Count:
    """A named count: what it is called, what it means, and who makes it grow."""

    name: str
    label: Label
    meaning: Label
    by: str
    is_fault: bool = False


@dataclass(frozen=True)
class Formula:
    """A sum of counts, each with its sign."""

    terms: tuple[tuple[int, str], ...]

    def of(self, counts: Counts) -> int:
        return sum(sign * counts.get(name, 0) for sign, name in self.terms)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for _sign, name in self.terms)

    @property
    def written(self) -> list[str]:
        """Its counts as the address of the list behind it names them: what is added first, a minus before the rest."""
        return [f"{'-' if sign < 0 else ''}{name}" for sign, name in sorted(self.terms, reverse=True)]


@dataclass(frozen=True)
class Indicator:
    """What is measured and how. `better`: whether more of it is better (up), less (down), or neither."""

    code: str
    position: int
    label: Label
    definition: Label
    form: str
    kind: str
    part: Formula
    whole: Formula
    measure: str
    better: str
    target: float | None
    exclusions: Label
    source: Label
    source_kind: str

    def of(self, counts: Counts) -> float | None:
        """The share in per cent; None of nothing."""
        whole = self.whole.of(counts)
        return 100 * self.part.of(counts) / whole if whole > 0 else None

    @property
    def names(self) -> frozenset[str]:
        return self.part.names | self.whole.names


@cache
def counts() -> dict[str, Count]:
    """Every count there is, as data/counts.toml explains them."""
    rows = tomllib.loads(files("linli.measures").joinpath("data", "counts.toml").read_text(encoding="utf-8"))
    if set(rows) != set(NAMES):
        raise IndicatorError(f"counts.toml and the table differ: {sorted(set(rows) ^ set(NAMES))}")
    return {name: _count(name, row) for name, row in rows.items()}


def _count(name: str, row: Mapping[str, str]) -> Count:
    if row["by"] not in BY:
        raise IndicatorError(f"counts.toml: {name} is by {row['by']}, not one of {sorted(BY)}")
    label, meaning = Label(row["zh"], row["en"]), Label(row["zh_means"], row["en_means"])
    return Count(name, label, meaning, row["by"], "fault" in row)


@cache
def indicators() -> dict[str, Indicator]:
    """Every indicator by its code, in order."""
    found = [load(code, text) for code, text in _texts()]
    return {each.code: each for each in sorted(found, key=lambda each: each.position)}


@cache
def faults() -> dict[str, Indicator]:
    """A share for every count that is a fault: in how many of the cases assessed it came about."""
    return {
        count.name: _share(count, place) for place, count in enumerate(counts().values()) if count.is_fault
    }


def _share(count: Count, position: int) -> Indicator:
    whole = counts()["assessed"]
    return Indicator(
        code=count.name,
        position=position,
        label=count.label,
        definition=Label(f"{count.label.zh} ÷ {whole.label.zh}", f"{count.label.en} ÷ {whole.label.en}"),
        form="share",
        kind="service_request",
        part=Formula(((1, count.name),)),
        whole=Formula(((1, whole.name),)),
        measure="",
        better="down",
        target=None,
        exclusions=Label("", ""),
        source=count.meaning,
        source_kind="local",
    )


def _texts() -> Iterator[tuple[str, str]]:
    for file in files("linli.measures").joinpath("data", "indicators").iterdir():
        if file.name.endswith(".toml"):
            yield file.name.removesuffix(".toml"), file.read_text(encoding="utf-8")


def load(code: str, text: str) -> Indicator:
    """An indicator from the text of its file. Raises IndicatorError."""
    row = tomllib.loads(text)
    unknown, missing = set(row) - KEYS, REQUIRED - set(row)
    if unknown or missing:
        raise IndicatorError(f"{code}: unknown {sorted(unknown)}, missing {sorted(missing)}")
    _check_words(code, row)
    found = Indicator(
        code=code,
        position=int(row["position"]),
        label=_label(row["label"]),
        definition=_label(row["definition"]),
        form=row["form"],
        kind=row["kind"],
        part=formula(code, row.get("part", "")),
        whole=formula(code, row.get("whole", "")),
        measure=row.get("measure", ""),
        better=row["better"],
        target=row.get("target"),
        exclusions=_label(row.get("exclusions", {"zh": "", "en": ""})),
        source=_label(row["source"]),
        source_kind=row["source"]["kind"],
    )
    _check(found)
    return found


def formula(code: str, written: str) -> Formula:
    """`on_time + closed_late` as a formula. Raises IndicatorError for a count that does not exist."""
    terms, rest = [], written.strip()
    while rest:
        match = TERM.match(rest)
        if match is None or match[2] not in NAMES:
            raise IndicatorError(f"{code}: no count is called {rest!r}")
        terms.append((-1 if match[1] == "-" else 1, match[2]))
        rest = rest[match.end() :].strip()
    return Formula(tuple(terms))


def _check_words(code: str, row: Mapping[str, Any]) -> None:
    allowed: dict[str, set[Any]] = {
        "form": FORMS,
        "better": BETTER,
        "window": {"month"},
        "measure": {*MEASURES, None},
    }
    for name, words in allowed.items():
        if row.get(name) not in words:
            raise IndicatorError(f"{code}: {name} is {row.get(name)!r}")
    if row["source"].get("kind") not in SOURCES:
        raise IndicatorError(f"{code}: the source is neither legal nor local")


def _check(found: Indicator) -> None:
    """A share has both sides, a time its measure; and what people report is never held against anybody."""
    if (found.form == "share") != bool(found.part.terms and found.whole.terms):
        raise IndicatorError(f"{found.code}: a share needs part and whole, nothing else has them")
    if (found.form in ("median", "p90")) != bool(found.measure):
        raise IndicatorError(f"{found.code}: a time needs its measure, nothing else has one")
    reports = {name for name in found.part.names if counts()[name].by == "report"}
    if reports and found.better != "neither":
        raise IndicatorError(
            f"{found.code}: reports are rights, more or fewer are neither better nor worse: {sorted(reports)}"
        )


def _label(row: Mapping[str, str]) -> Label:
    return Label(row["zh"], row["en"])

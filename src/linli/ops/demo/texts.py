"""Invented Chinese texts for the demonstration county, read from `texts/*.toml`.

A report may name a place with a slot: {place} takes a phrase from the pools that fit its category, {pond} or
{lane|hamlet} from the pools it names.

Everything is drawn through the `random.Random` the caller passes, so one seed gives one county.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from linli.kit.text import shortened

FOLDER = Path(__file__).parent / "texts"
RATINGS = ("very_satisfied", "satisfied", "fairly_satisfied", "dissatisfied", "very_dissatisfied")

SHORT_TITLE, LONGEST_TITLE = 12, 24
_CLAUSE = re.compile(r"[^，。！？；：\s]+")
_LEADING = re.compile(r"^(?:请问|我想问一下|麻烦|想问|就是|还有)")
_SLOT = re.compile(r"\{([a-z|]+)\}")

Pool = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """One invented report; `places` names the pools of place phrases that fit its {place}."""

    category: str
    text: str
    places: Pool


@dataclass(frozen=True, slots=True)
class Report:
    """What a resident wrote, and the place phrase in it ('' when the text names none)."""

    category: str
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What does not go with where a report is set or with who makes it."""

    words: Pool = ()
    places: Pool = ()
    categories: Pool = ()

    def __or__(self, other: "Setting") -> "Setting":
        return Setting(
            self.words + other.words, self.places + other.places, self.categories + other.categories
        )


ANYWHERE = Setting()


@dataclass(frozen=True, slots=True)
class Texts:
    """All pools. `remarks` is keyed by dotted name: "return.duty", "rating.satisfied", "urge.messages" ..."""

    reports: Mapping[str, tuple[Template, ...]]
    places: Mapping[str, Pool]
    progress: Mapping[str, Pool]
    feedback: Mapping[str, Pool]
    remarks: Mapping[str, Pool]
    staff: Pool
    double_surnames: Pool
    surnames: Pool
    titles: Pool
    settings: Mapping[str, Setting]
    title_words: Mapping[str, Pool]

    @property
    def categories(self) -> list[str]:
        """The category codes that have texts, in order."""
        return list(self.reports)

    def report(
        self, rng: Random, category: str, number: int | None = None, setting: Setting = ANYWHERE
    ) -> Report:
        """An invented report of a category; `number` walks through them in turn instead of drawing one.

        One that does not go with the setting is passed over while there is another.
        """
        templates = self.reports[category]
        suited = [t for t in templates if not any(word in t.text for word in setting.words)] or templates
        template = rng.choice(suited) if number is None else suited[number % len(suited)]
        slot = _SLOT.search(template.text)
        if not slot:
            return Report(category, template.text, "")
        pools = template.places if slot[1] == "place" else tuple(slot[1].split("|"))
        place = self.place(rng, *(tuple(pool for pool in pools if pool not in setting.places) or pools))
        return Report(category, template.text.replace(slot[0], place), place)

    def title(self, category: str, text: str) -> str:
        """The title a clerk would give: the clause that says what it is about, with the next where that is short."""
        clauses = [clause for clause in _CLAUSE.findall(text) if clause.strip()]
        words = self.title_words.get(category, ())
        found = (place for place, clause in enumerate(clauses) if any(word in clause for word in words))
        place = next(found, 0)
        title = clauses[place].strip()
        for clause in clauses[place + 1 : place + 3]:
            if len(title) < SHORT_TITLE and len(title) + len(clause) < LONGEST_TITLE:
                title += "，" + clause.strip()  # zh: joins Chinese clauses
        return shortened(_LEADING.sub("", title), LONGEST_TITLE)

    def called(self, rng: Random) -> str:
        """How a resident who leaves a name is called."""
        return rng.choice(self.surnames) + rng.choice(self.titles)

    def place(self, rng: Random, *pools: str) -> str:
        """A place phrase from one of the named pools, or from any."""
        return rng.choice(self.places[rng.choice(pools or tuple(self.places))])

    def pick(self, rng: Random, pool: str, category: str = "") -> str:
        """One text of a pool: "progress" and "feedback" go by category, every other by its dotted name.

        A bare name such as "return" draws from all pools under it. KeyError when there is no such pool.
        """
        return rng.choice(self.pool(pool, category))

    def pool(self, pool: str, category: str = "") -> Pool:
        """All texts of a pool, as `pick` would draw from."""
        if pool in ("progress", "feedback"):
            return (self.progress if pool == "progress" else self.feedback)[category]
        if pool in self.remarks:
            return self.remarks[pool]
        found = tuple(
            text for name, texts in self.remarks.items() if name.startswith(f"{pool}.") for text in texts
        )
        if not found:
            raise KeyError(pool)
        return found

    def rating(self, rng: Random, grade: int) -> str:
        """A comment that goes with a grade, 5 (very satisfied) to 1 (very dissatisfied)."""
        return self.pick(rng, f"rating.{RATINGS[5 - grade]}")

    def cast(self, rng: Random, count: int) -> list[str]:
        """That many different staff names; ValueError when there are not enough."""
        return rng.sample(self.staff, count)


@cache
def load() -> Texts:
    """Read the texts once per process."""
    handling = dict(_leaves(_read("handling")))
    people = _read("people")
    return Texts(
        reports={code: _templates(code, entry) for code, entry in _reports()},
        places={name: tuple(phrases) for name, phrases in _read("places").items()},
        progress=_by_category(handling, "progress"),
        feedback=_by_category(handling, "feedback"),
        remarks=dict(_leaves(_read("remarks"))),
        staff=tuple(people["staff"]),
        double_surnames=tuple(people["double_surnames"]),
        surnames=tuple(people["residents"]["surnames"]),
        titles=tuple(people["residents"]["titles"]),
        title_words={code: tuple(words) for code, words in _read("titles")["words"].items()},
        settings={
            name: Setting(**{key: tuple(values) for key, values in entry.items()})
            for name, entry in _read("settings").items()
        },
    )


def _reports() -> list[tuple[str, Mapping[str, Any]]]:
    found = []
    for path in sorted(FOLDER.glob("reports_*.toml")):
        for group, entries in _read(path.stem).items():
            found += [(f"{group}.{name}", entry) for name, entry in entries.items()]
    return found


def _templates(code: str, entry: Mapping[str, Sequence[str]]) -> tuple[Template, ...]:
    return tuple(Template(code, text, tuple(entry["places"])) for text in entry["texts"])


def _by_category(leaves: Mapping[str, Pool], ending: str) -> dict[str, Pool]:
    return {
        name.removesuffix(f".{ending}"): pool for name, pool in leaves.items() if name.endswith(f".{ending}")
    }


def _leaves(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Pool]]:
    leaves: list[tuple[str, Pool]] = []
    for name, value in table.items():
        if isinstance(value, list):
            leaves.append((prefix + name, tuple(value)))
        else:
            leaves += _leaves(value, f"{prefix}{name}.")
    return leaves


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))

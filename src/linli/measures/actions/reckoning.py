"""What units come to, from the events up to a position of the ledger and under the tree of units of that moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from linli.cases.models import Case
from linli.measures.actions import counting
from linli.measures.formulas import schemes
from linli.measures.formulas.counting import paths_above
from linli.measures.formulas.schemes import Scheme
from linli.measures.formulas.story import Tree
from linli.measures.models import Counted, Round
from linli.orgs.models import Change, Organisation, OrganisationChange, is_within, within

Results = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Basis:
    """What a round is computed from. `codes`: the assessed units; `left_out`: for which a case does not count."""

    county: Organisation
    rule: Scheme
    begin: date
    end: date
    position: int
    tree: Tree
    codes: list[str]
    left_out: dict[UUID, set[str]] = field(default_factory=dict)


def scheme_of(round_: Round) -> Scheme:
    """The scheme as it read when the round was computed."""
    return schemes.load(round_.scheme, round_.basis["scheme"])


def results(round_: Round, *, final: bool) -> Results:
    """The results of a round from the ledger as it stood; with rulings and adjustments, or without."""
    left_out: dict[str, set[str]] = defaultdict(set)
    adjusted: dict[str, list[Decimal]] = defaultdict(list)
    if final:
        for objection in round_.objections.filter(is_upheld=True).select_related("organisation"):
            left_out[objection.organisation.code] |= set(objection.cases)
        for each in round_.adjustments.select_related("organisation").order_by("pk"):
            adjusted[each.organisation.code].append(each.points)
    basis = Basis(
        round_.organisation,
        scheme_of(round_),
        round_.begins_on,
        round_.ends_on,
        round_.position,
        tree_at(round_.basis["moves"]),
        round_.basis["units"],
        _by_case(left_out),
    )
    return points(basis, adjusted)


def points(basis: Basis, adjusted: dict[str, list[Decimal]] | None = None) -> Results:
    """The result of every assessed unit, by its code."""
    known = adjusted or {}
    return {code: basis.rule.result(row, known.get(code, [])) for code, row in counts(basis).items()}


def counts(basis: Basis) -> dict[str, dict[str, int]]:
    """What every assessed unit comes to in the period, by unit code and name of the count."""
    by_path = {basis.tree.by_code[code]: code for code in basis.codes if code in basis.tree.by_code}
    found: dict[str, dict[str, int]] = {code: defaultdict(int) for code in basis.codes}
    for case_ids in counting.all_cases(among=_concerned(basis)):
        upto = counting.numbers_at(basis.position, case_ids)
        for row in counting.rows_of(list(upto), upto, basis.tree):
            _add(found, row, basis, by_path)
    return {code: dict(row) for code, row in found.items()}


def _concerned(basis: Basis) -> Q:
    """Cases that were there in the period: closed before it, they add nothing to it."""
    begin, end = (datetime.combine(day, time(), basis.county.zone) for day in (basis.begin, basis.end))
    inside = within("place_path", basis.county.path)
    return (
        inside
        & Q(kind__in=basis.rule.kinds, received_at__lt=end)
        & (Q(is_open=True) | Q(state_since__gte=begin))
    )


def _add(found: dict[str, dict[str, int]], row: Counted, basis: Basis, by_path: dict[str, str]) -> None:
    begin, end = basis.begin.isoformat(), basis.end.isoformat()
    for axis, unit, day, names in row.adds:
        if axis != basis.rule.axis or not begin <= day < end:
            continue
        for path in paths_above(unit, row.accused_path):
            code = by_path.get(path)
            if code is None or code in basis.left_out.get(row.pk, ()):
                continue
            for name, n in names.items():
                found[code][name] += n


def _by_case(left_out: dict[str, set[str]]) -> dict[UUID, set[str]]:
    """Which cases do not count for which units."""
    found: dict[UUID, set[str]] = defaultdict(set)
    for code, numbers in left_out.items():
        for pk in Case.objects.filter(number__in=numbers).values_list("pk", flat=True):
            found[pk].add(code)
    return found


def counts_between(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """The names of the counts in which two results of a unit differ."""
    before, after = one.get("counts", {}), other.get("counts", {})
    return {name for name in {*before, *after} if before.get(name, 0) != after.get(name, 0)}


def words_between(one: dict[str, Any], other: dict[str, Any]) -> str:
    """What differs between two results of a unit: the score, and each item with part, whole and points."""
    said = [("score", one.get("score"), other.get("score"))]
    before, after = ({row["indicator"]: row for row in each.get("items", ())} for each in (one, other))
    for code in sorted({*before, *after}):
        said.append((code, _row_words(before.get(code)), _row_words(after.get(code))))
    differing = [f"{name} {old or '—'} ≠ {new or '—'}" for name, old, new in said if old != new]
    return "; ".join(differing) or f"{one} ≠ {other}"


def _row_words(row: dict[str, Any] | None) -> str:
    return "" if row is None else f"{row['part']}/{row['whole']} = {row['points'] or '—'}"


def assessed(county: Organisation, rule: Scheme, end: date) -> list[str]:
    """The codes of the scheme's units right below the county that stood on the last day."""
    units = Organisation.objects.filter(parent=county, kind__in=rule.units).order_by("code")
    return [unit.code for unit in units if unit.valid_until is None or unit.valid_until >= end]


def tree_at(moves: int) -> Tree:
    """The tree of units as it was after so many moves: today's, with the later ones taken back."""
    paths = dict(Organisation.objects.values_list("pk", "path"))
    codes = dict(Organisation.objects.values_list("pk", "code"))
    later: list[OrganisationChange] = list(counting.moves()[moves:])
    for change in reversed(later):
        if change.change == Change.MOVED:
            paths = dict(_taken_back(paths, paths[change.organisation_id], change.path))
    return Tree((pk, codes[pk], path) for pk, path in paths.items())


def _taken_back(paths: dict[UUID, str], new: str, old: str) -> Iterable[tuple[UUID, str]]:
    for pk, path in paths.items():
        yield pk, old + path[len(new) :] if is_within(path, new) else path

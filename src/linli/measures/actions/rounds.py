"""Rounds of assessment: computed, published, objected to, ruled on, signed; and computed again from the ledger.

What a unit is held to is read from the events up to a position of the ledger, under the tree of units of that moment.
Both are kept with the round, so that anybody may come to the same digits later, whatever has happened since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, NotAllowed
from linli.cases.models import Case, Order
from linli.cases.procedures import limits
from linli.cases.procedures.calendar import current
from linli.kit import jsonbytes, text
from linli.kit.lists import listed
from linli.ledger import actions as ledger
from linli.ledger.actions import checkpoints
from linli.ledger.actions.tree import Tree as LedgerTree
from linli.ledger.models import Checkpoint, Leaf
from linli.measures.actions import counting, reckoning, telling
from linli.measures.actions.reckoning import Basis
from linli.measures.formulas import definitions, schemes
from linli.measures.formulas.definitions import Definition
from linli.measures.formulas.periods import OLDEST, period
from linli.measures.formulas.story import Tree
from linli.measures.models import Act, Adjustment, Objection, Round, RoundState
from linli.orgs.models import Organisation, is_within
from linli.people.access import Actor

LEAST_WORDS = 5
LEAF = "round"


class NotCounted(NotAllowed):
    """Something has happened that has no place in the ledger's order yet."""


def compute(*, county: Organisation, scheme: str, begins_on: date, by: Actor, at: datetime) -> Round:
    """Computes a round over a period that is over, from everything that stands in the ledger now.

    Raises NotAllowed, BadData (the period runs, or is assessed already), NotCounted.
    """
    _require(by, "measures.assess", county)
    rule = schemes.schemes()[scheme]
    today = at.astimezone(county.zone).date()
    if begins_on < OLDEST:
        raise BadData({"begins_on": _("没有这么早的考评。")})
    first, end = period(rule.period, min(begins_on, today))
    if end > today:
        raise BadData({"begins_on": _("这一期还没有结束。")})
    if Round.objects.filter(organisation=county, scheme=scheme, begins_on=first).exists():
        raise BadData({"begins_on": _("这一期已经考评过了。")})
    while ledger.sequence():
        pass
    if ledger.waiting():
        raise NotCounted(_("还有刚发生的事没有记入总账，请过一会儿再算。"))
    checkpoint = _checkpoint(at)
    position = checkpoint.size if checkpoint else 0
    codes = reckoning.assessed(county, rule, end)
    basis = Basis(county, rule, first, end, position, Tree.standing(), codes)
    return Round.objects.create(
        organisation=county,
        scheme=scheme,
        begins_on=first,
        ends_on=end,
        position=position,
        basis={
            "scheme": schemes.text_of(scheme),
            "units": codes,
            "moves": counting.moves().count(),
            "root": bytes(checkpoint.root).hex() if checkpoint else "",
            "definition": definitions.newest().number,
        },
        results=reckoning.points(basis),
        made_by_id=by.person_id,
        made_at=at,
    )


def _checkpoint(at: datetime) -> Checkpoint | None:
    """The ledger's own signature under everything that has its place."""
    while ledger.make_checkpoint(at=at):
        pass
    return checkpoints.latest()


def publish(*, round_: Round, by: Actor, at: datetime) -> Round:
    """Shows the results to the assessed units, who may object until the limit of the scheme."""
    _require(by, "measures.assess", round_.organisation)
    until = limits.due(at, limits.Limit.parse(reckoning.scheme_of(round_).objections), current()).due_at
    with transaction.atomic():
        held = _held(round_, RoundState.COMPUTED)
        held.state, held.published_at, held.objections_until = RoundState.PUBLISHED, at, until
        held.save(update_fields=["state", "published_at", "objections_until"])
        telling.published(held, by=by, at=at)
    return held


def object_to(
    *, round_: Round, unit: Organisation, words: str, cases: Collection[str] = (), by: Actor, at: datetime
) -> Objection:
    """An assessed unit objects, before the limit; it may name cases that should not count."""
    if not by.may("measures.object") or not by.path or not is_within(by.path, unit.path):
        raise NotAllowed(_("只有被考评的单位自己能提出异议。"))
    said = text.clean(words)
    with transaction.atomic():
        held = _held(round_, RoundState.PUBLISHED)
        if held.objections_until is None or at >= held.objections_until:
            raise NotAllowed(_("提出异议的期限已过。"))
        if unit.code not in held.results:
            raise NotAllowed(_("这一轮没有考评这个单位。"))
        errors = {} if len(said) >= LEAST_WORDS else {"text": _("请写明哪里不符、为什么。")}
        unknown = _unknown(cases, by)
        if unknown:
            errors["cases"] = _("没有这些编号的事项：%(numbers)s") % {"numbers": listed(sorted(unknown))}
        if errors:
            raise BadData(errors)
        return Objection.objects.create(
            round=held, organisation=unit, text=said, cases=sorted(set(cases)), by_id=by.person_id, at=at
        )


def rule_on(*, objection: Objection, is_upheld: bool, reason: str, by: Actor, at: datetime) -> Objection:
    """Rules on an objection, with a reason, by somebody else than who raised it. Cases of one upheld do not count."""
    _require(by, "measures.assess", objection.round.organisation)
    if by.person_id == objection.by_id:
        raise NotAllowed(_("提出异议的人不能自己裁定。"))
    said = text.clean(reason)
    if len(said) < LEAST_WORDS:
        raise BadData({"reason": _("请写明理由。")})
    with transaction.atomic():
        _held(objection.round, RoundState.PUBLISHED)
        found = Objection.objects.filter(pk=objection.pk, ruled_at=None)
        if not found.update(is_upheld=is_upheld, ruling=said, ruled_by_id=by.person_id, ruled_at=at):
            raise NotAllowed(_("这条异议已经裁定过了。"))
    return Objection.objects.get(pk=objection.pk)


def adjust(
    *, round_: Round, unit: Organisation, points: Decimal, reason: str, evidence: str, by: Actor, at: datetime
) -> Adjustment:
    """A local bonus or deduction, with what shows it; together never more than the scheme's caps."""
    _require(by, "measures.assess", round_.organisation)
    said, shown = text.clean(reason), text.clean(evidence)
    errors = {}
    if not points:
        errors["points"] = _("分数不能是零。")
    if len(said) < LEAST_WORDS:
        errors["reason"] = _("请写明理由。")
    if len(shown) < LEAST_WORDS:
        errors["evidence"] = _("请写明依据：文件、事项编号或检查记录。")
    if errors:
        raise BadData(errors)
    with transaction.atomic():
        held = _held(round_, RoundState.COMPUTED, RoundState.PUBLISHED)
        if unit.code not in held.results:
            raise NotAllowed(_("这一轮没有考评这个单位。"))
        return Adjustment.objects.create(
            round=held,
            organisation=unit,
            points=points,
            reason=said,
            evidence=shown,
            by_id=by.person_id,
            at=at,
        )


def sign(*, round_: Round, by: Actor, at: datetime) -> Round:
    """Signs a round off, once the limit is over and every objection ruled on; from then on it stays as it is.

    What was signed goes into the ledger: a later change of a digit would show.
    """
    _require(by, "measures.assess", round_.organisation)
    with transaction.atomic():
        held = _held(round_, RoundState.PUBLISHED)
        if held.objections_until is None or at < held.objections_until:
            raise NotAllowed(_("公示还没有结束。"))
        if held.objections.filter(ruled_at=None).exists():
            raise NotAllowed(_("还有异议没有裁定。"))
        held.state, held.signed_at, held.signed_by_id = RoundState.SIGNED, at, by.person_id
        held.final = reckoning.results(held, final=True)
        held.save(update_fields=["state", "final", "signed_at", "signed_by"])
        leaf: Leaf = ledger.leaf_for(kind=LEAF, subject=held.pk, record=record_of(held), at=at)
        leaf.save(force_insert=True)
    return held


def act(
    *,
    county: Organisation,
    unit: Organisation,
    kind: str,
    words: str,
    round_: Round | None = None,
    order: Order | None = None,
    by: Actor,
    at: datetime,
) -> Act:
    """Writes down an admonition, a circular or a reward; nothing ever follows from a score by itself.

    It rests on a round, or on an order to that very unit.
    """
    _require(by, "measures.assess", county)
    said = text.clean(words)
    if len(said) < LEAST_WORDS or not is_within(unit.path, county.path):
        raise BadData({"text": _("请写明内容。")})
    if round_ is None and (order is None or order.unit_id != unit.pk):
        raise BadData({"text": _("要有依据：一轮考评，或者对这个单位的一件督办。")})
    with transaction.atomic():
        made = Act.objects.create(
            organisation=unit, kind=kind, text=said, round=round_, order=order, by_id=by.person_id, at=at
        )
        telling.written(made, by=by, at=at)
    return made


def reply(*, act_: Act, words: str, by: Actor, at: datetime) -> Act:
    """The unit answers."""
    if not by.may("measures.object") or not by.path or not is_within(by.path, act_.organisation.path):
        raise NotAllowed(_("只有被考评的单位自己能回复。"))
    said = text.clean(words)
    if len(said) < LEAST_WORDS:
        raise BadData({"reply": _("请写明回复。")})
    if not Act.objects.filter(pk=act_.pk, replied_at=None).update(
        reply=said, replied_by_id=by.person_id, replied_at=at
    ):
        raise NotAllowed(_("已经回复过了。"))
    return Act.objects.get(pk=act_.pk)


@dataclass(frozen=True)
class Again:
    """A round computed again: what differs by unit code, the counts that differ, and what was defined anew since."""

    differences: dict[str, str]
    counts: frozenset[str]
    later: list[Definition]

    @property
    def is_redefined(self) -> bool:
        """Whether every difference is in counts that were defined anew since the round was computed."""
        anew = frozenset[str]().union(*(each.counts for each in self.later))
        return bool(self.counts) and self.counts <= anew and "ledger" not in self.differences


def reproduce(round_: Round) -> Again:
    """Computes a round again from the ledger as it stood, and compares every digit that is kept."""
    differences: dict[str, str] = {}
    counts: set[str] = set()
    root = LedgerTree().root(round_.position).hex() if round_.position else ""
    if root != round_.basis["root"]:
        differences["ledger"] = f"{round_.basis['root']} ≠ {root}"
    kept = [(round_.results, reckoning.results(round_, final=False))]
    if round_.final is not None:
        kept.append((round_.final, reckoning.results(round_, final=True)))
    for before, after in kept:
        for code in sorted(set(before) | set(after)):
            one, other = before.get(code, {}), after.get(code, {})
            if one != other:
                found = reckoning.counts_between(one, other)
                counts |= found or {""}  # digits that differ though nothing is counted otherwise
                differences[code] = reckoning.words_between(one, other)
    return Again(differences, frozenset(counts), redefined(round_))


def redefined(round_: Round) -> list[Definition]:
    """What has been defined anew, of what the round counts, since it was computed; it may be none of its digits."""
    return definitions.later(round_.basis.get("definition", 1), reckoning.scheme_of(round_).names)


def record_of(round_: Round) -> dict[str, Any]:
    """What the ledger's leaf covers."""
    return {
        "round": str(round_.pk),
        "scheme": round_.scheme,
        "begins": round_.begins_on.isoformat(),
        "position": round_.position,
        "basis": round_.basis,
        "final": round_.final,
        "signed_at": jsonbytes.instant(round_.signed_at) if round_.signed_at else None,
        "signed_by": str(round_.signed_by_id) if round_.signed_by_id else None,
    }


def rehashed(first: UUID, last: UUID) -> Iterator[ledger.Row]:
    """Signed rounds as they stand now, hashed again."""
    signed = Round.objects.filter(pk__gte=first, pk__lte=last, signed_at__isnull=False).order_by("pk")
    for row in signed:
        assert row.signed_at is not None
        leaf = ledger.leaf_for(kind=LEAF, subject=row.pk, record=record_of(row), at=row.signed_at)
        yield ledger.Row(row.pk, 1, bytes(leaf.hash))


def _held(round_: Round, *states: str) -> Round:
    """The round, held for this transaction, if it stands where this step begins."""
    held = Round.objects.select_for_update(of=("self",)).get(pk=round_.pk)
    if held.state not in states:
        raise NotAllowed(_("这一轮现在不能做这一步。"))
    return held


def _require(by: Actor, permission: str, county: Organisation) -> None:
    if by.kind != "system" and (not by.may(permission) or by.path != county.path):
        raise NotAllowed(_("考评由县里的岗位来做。"))


def _unknown(cases: Collection[str], by: Actor) -> set[str]:
    """Numbers of which the actor sees no case."""
    seen = Case.objects.visible_to(by).filter(number__in=list(cases))
    return set(cases) - set(seen.values_list("number", flat=True))

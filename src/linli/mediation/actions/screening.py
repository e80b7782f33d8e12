"""Rounds of looking for disputes (排查): that one was done in a place and month, and what it found.

It records disputes, never lists of people.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, NotAllowed
from linli.kit import text
from linli.mediation.models import Mediation, ScreeningRound
from linli.orgs.models import Kind, Organisation, is_within, within
from linli.people.access import Actor

PLACES = (Kind.VILLAGE, Kind.COMMUNITY)
MOST, NOTE_LENGTH = 500, 200


class Screened(NamedTuple):
    """A village and its round of a month; None where there was none."""

    village: Organisation
    round: ScreeningRound | None

    @property
    def is_done(self) -> bool:
        return self.round is not None

    @property
    def linked(self) -> int:
        """Disputes of the round that have become cases."""
        return int(getattr(self.round, "linked", 0))

    @property
    def found(self) -> int:
        """What the officer counted; what has been registered since counts too."""
        return max(self.round.found, self.linked) if self.round else 0

    @property
    def to_register(self) -> int:
        """Found, but not a case yet."""
        return self.found - self.linked


def record_round(
    *, place: Organisation, month: date, found: int, note: str = "", by: Actor, at: datetime
) -> ScreeningRound:
    """Records that a village or community was gone through in a month. Raises NotAllowed or BadData."""
    if by.person_id is None or not by.may("mediation.screen") or not is_within(place.path, by.path):
        raise NotAllowed(_("这个地方的排查不由您现在的岗位登记。"))
    first, words = month.replace(day=1), text.clean(note)
    errors = _errors(place, first, found, words, at)
    if errors:
        raise BadData(errors)
    try:
        with transaction.atomic():
            return ScreeningRound.objects.create(
                place=place, month=first, found=found, note=words, by_id=by.person_id, at=at
            )
    except IntegrityError as error:
        if not ScreeningRound.objects.filter(place=place, month=first).exists():
            raise
        raise BadData({"month": _("%(place)s这个月已经登记过一轮排查。") % {"place": place.label}}) from error


def rounds_of(unit: Organisation, month: date) -> list[Screened]:
    """Every village and community under a unit, with its round of the month or None."""
    first = month.replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    villages = Organisation.objects.below(unit).filter(kind__in=PLACES).on(last).order_by("path")
    cases = Mediation.objects.filter(screening=OuterRef("pk")).order_by().values("screening")
    linked = Subquery(cases.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    rounds = ScreeningRound.objects.filter(within("place__path", unit.path), month=first)
    done = {row.place_id: row for row in rounds.annotate(linked=Coalesce(linked, 0))}
    return [Screened(village, done.get(village.pk)) for village in villages]


def _errors(place: Organisation, first: date, found: int, note: str, at: datetime) -> dict[str, str]:
    errors = {}
    if place.kind not in PLACES or place.valid_until is not None:
        errors["place"] = _("请选一个村或者社区。")
    if first > at.astimezone(place.zone).date():
        errors["month"] = _("这个月还没到，不能先登记。")
    if not 0 <= found <= MOST:
        errors["found"] = _("请填0到%(n)d的整数。") % {"n": MOST}
    if len(note) > NOTE_LENGTH:
        errors["note"] = _("说明最多%(n)d个字，现在是%(have)d个。") % {"n": NOTE_LENGTH, "have": len(note)}
    elif text.mask_candidates(note):
        errors["note"] = _("这里只记纠纷，不登记人员：请去掉电话和证件号码。")
    return errors

"""Rollups: sums over cases by day and month, kept up to date from the ordered feed of events.

Every case has one row that says what it adds to which sums. When something happens to the case that row is worked out
anew, and the difference is added to the sums in the same transaction in which the reader's position moves on: so
nothing is counted twice, and counting from zero comes to the same numbers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q

from linli.cases.models import Case
from linli.orgs.models import PATH_END, PathField

NOWHERE = PATH_END  # lies in no unit


class Axis(StrEnum):
    """Along which line a unit stands to a case: where it is, or who handled it."""

    PLACE = "place"
    HOLDER = "holder"


class Grain(StrEnum):
    DAY = "day"
    MONTH = "month"


class Progress(models.Model):
    """How far in the ledger's order the rollups have counted, and under which tree of units."""

    name = models.CharField(max_length=16, primary_key=True)
    position = models.BigIntegerField(default=0)
    tree = models.PositiveBigIntegerField(default=0)


class Counted(models.Model):
    """What one case adds to the sums. `adds`: rows of axis, unit's path, day and counts by name.

    Times are whole minutes since the case was received; None where it has not come to that, or counts for nothing.
    `place_around` and `holder_around`: the smallest unit around all those it adds to along an axis; NOWHERE where it
    adds nothing, '' where that is not known. By these and the last day it adds to, the cases behind a number are found.
    """

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=32)
    category = models.CharField(max_length=48)
    channel = models.CharField(max_length=16)
    place_path = PathField(default="", blank=True)
    holder_path = PathField(default="", blank=True)
    accused_path = PathField(default="", blank=True)
    received_on = models.DateField()
    closed_on = models.DateField(null=True)
    contact_minutes = models.PositiveIntegerField(null=True)
    close_minutes = models.PositiveIntegerField(null=True)
    adds = models.JSONField(default=list)
    place_around = PathField(default="", blank=True)
    holder_around = PathField(default="", blank=True)
    last_on = models.DateField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["place_around", "last_on"], name="counted_place_around"),
            models.Index(fields=["holder_around", "last_on"], name="counted_holder_around"),
            models.Index(fields=["place_path", "closed_on"], name="counted_place_closed"),
            models.Index(fields=["holder_path", "closed_on"], name="counted_holder_closed"),
            models.Index(fields=["closed_on"], name="counted_closed"),
            models.Index(fields=["received_on"], name="counted_open", condition=Q(closed_on=None)),
        ]


class Rollup(models.Model):
    """Sums of one unit with everything below it, by day or month, category and channel ('' means all of them).

    `category` is a category, a group of them, or ''. What each count means stands in data/counts.toml.
    """

    pk = models.CompositePrimaryKey("axis", "path", "grain", "channel", "category", "day", "kind")
    axis = models.CharField(max_length=6)
    path = PathField()
    grain = models.CharField(max_length=5)
    channel = models.CharField(max_length=16)
    category = models.CharField(max_length=48)
    day = models.DateField()
    kind = models.CharField(max_length=32)

    received = models.IntegerField(default=0)
    merged = models.IntegerField(default=0)
    declined = models.IntegerField(default=0)
    answerable = models.IntegerField(default=0)
    answered = models.IntegerField(default=0)
    finished = models.IntegerField(default=0)
    reopened = models.IntegerField(default=0)
    returned = models.IntegerField(default=0)
    reworked = models.IntegerField(default=0)
    extended = models.IntegerField(default=0)
    supervised = models.IntegerField(default=0)
    rated = models.IntegerField(default=0)
    satisfied = models.IntegerField(default=0)
    due = models.IntegerField(default=0)
    on_time = models.IntegerField(default=0)
    closed_late = models.IntegerField(default=0)
    late_open = models.IntegerField(default=0)
    undone = models.IntegerField(default=0)
    urgent_due = models.IntegerField(default=0)
    urgent_on_time = models.IntegerField(default=0)
    urgent_closed_late = models.IntegerField(default=0)
    unit_due = models.IntegerField(default=0)
    unit_on_time = models.IntegerField(default=0)
    mediated = models.IntegerField(default=0)
    settled = models.IntegerField(default=0)
    assessed = models.IntegerField(default=0)
    late_total = models.IntegerField(default=0)
    late_accepting = models.IntegerField(default=0)
    late_dispatching = models.IntegerField(default=0)
    late_acknowledging = models.IntegerField(default=0)
    late_unit = models.IntegerField(default=0)
    late_verifying = models.IntegerField(default=0)
    late_deciding = models.IntegerField(default=0)
    late_supervision = models.IntegerField(default=0)
    late_term = models.IntegerField(default=0)
    late_following_up = models.IntegerField(default=0)
    returned_in_vain = models.IntegerField(default=0)
    failed_check = models.IntegerField(default=0)
    came_back = models.IntegerField(default=0)
    displeased = models.IntegerField(default=0)


class Spread(models.Model):
    """How many cases of a month took about so long: `bucket` is a step of two per cent (`formulas.bucket`)."""

    pk = models.CompositePrimaryKey("axis", "path", "measure", "category", "month", "kind", "bucket")
    axis = models.CharField(max_length=6)
    path = PathField()
    measure = models.CharField(max_length=8)
    category = models.CharField(max_length=48)
    month = models.DateField()
    kind = models.CharField(max_length=32)
    bucket = models.PositiveSmallIntegerField()
    n = models.IntegerField(default=0)

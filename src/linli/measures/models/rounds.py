"""Assessments of units: a round is computed, shown to the units, objected to, ruled on, signed, and then stays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Order
from linli.kit.ids import uuid7
from linli.orgs.models import Organisation, lineage
from linli.people.access import Actor
from linli.people.models import Person


class RoundState(models.TextChoices):
    COMPUTED = "computed", _("已计算")
    PUBLISHED = "published", _("公示中")
    SIGNED = "signed", _("已签发")


class RoundQuerySet(models.QuerySet["Round"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those of the actor's county: to whoever assesses, all; else published ones, that one's own unit is in."""
        if not actor.path or not actor.may("measures.view"):
            return self.none()
        above = lineage(actor.path)
        found = self.filter(organisation__path__in=above)
        if len(above) == 1:
            return found if actor.may("measures.assess") else found.exclude(state=RoundState.COMPUTED)
        own = list(Organisation.objects.filter(path__in=above).values_list("code", flat=True))
        return found.exclude(state=RoundState.COMPUTED).filter(results__has_any_keys=own)


class Round(models.Model):
    """One assessment of the units of a county over a period, from the ledger as it stood at `position`.

    `basis`: the text of the scheme, the codes of the units, how many moves of units the tree had seen, and the root
    of the ledger's tree over the first `position` leaves (hex). `results` by unit code, as `formulas.schemes` gives
    them; `final` the same after rulings and adjustments, from the signature on.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    scheme = models.CharField(max_length=48)
    begins_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=10, choices=RoundState.choices, default=RoundState.COMPUTED)
    position = models.BigIntegerField()
    basis = models.JSONField()
    results = models.JSONField()
    made_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    objections_until = models.DateTimeField(null=True)
    final = models.JSONField(null=True)
    signed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)

    objects = RoundQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "scheme", "begins_on"], name="round_once"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("begins_on")), name="round_runs_forward"),
            models.CheckConstraint(
                condition=Q(state="signed", final__isnull=False, signed_at__isnull=False)
                | Q(~Q(state="signed"), final=None, signed_at=None),
                name="round_signed_is_final",
            ),
        ]

    @property
    def last_day(self) -> date:
        return self.ends_on - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.scheme} {self.begins_on}"


class Objection(models.Model):
    """What an assessed unit holds against its result; `cases` are numbers of cases it wants left out."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="objections")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("异议"))
    cases = models.JSONField(default=list)
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    is_upheld = models.BooleanField(null=True)
    ruling = models.TextField(_("裁定理由"), blank=True)
    ruled_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    ruled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ruled_at=None, is_upheld=None)
                | Q(ruled_at__isnull=False, is_upheld__isnull=False),
                name="objection_ruled_whole",
            ),
        ]


class Adjustment(models.Model):
    """A local bonus (above 0) or deduction (below), never without what shows it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="adjustments")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    points = models.DecimalField(_("分数"), max_digits=5, decimal_places=2)
    reason = models.CharField(_("理由"), max_length=200)
    evidence = models.CharField(_("依据"), max_length=200)
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(points=0), name="adjustment_is_something"),
            models.CheckConstraint(condition=~Q(evidence=""), name="adjustment_has_evidence"),
        ]


class ActKind(models.TextChoices):
    ADMONITION = "admonition", _("约谈")
    CIRCULAR = "circular", _("通报")
    REWARD = "reward", _("表扬")


PUBLIC = (ActKind.CIRCULAR, ActKind.REWARD)
"""What every assessed unit reads; an admonition stays between the county and the unit."""


class ActQuerySet(models.QuerySet["Act"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those on the pages the actor may open; of a round, an admonition only to the county and to the unit."""
        own = Q(organisation__path__in=lineage(actor.path)) | Q(kind__in=PUBLIC)
        if actor.path.count("/") == 1:
            own = Q()
        of_rounds = own & Q(round__in=Round.objects.visible_to(actor))
        return self.filter(of_rounds | Q(order__in=Order.objects.visible_to(actor)))


class Act(models.Model):
    """What the county did about a result: written by somebody, answered by the unit, never by itself.

    It rests on what can be looked up: the round of a result, or an order of supervision.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    round = models.ForeignKey(Round, null=True, on_delete=models.PROTECT, related_name="acts")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=ActKind.choices)
    text = models.TextField(_("内容"))
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reply = models.TextField(_("回复"), blank=True)
    replied_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    replied_at = models.DateTimeField(null=True)

    objects = ActQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(round__isnull=False) | Q(order__isnull=False), name="act_rests_on_something"
            ),
        ]

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import Q, Subquery
from django.utils.translation import gettext_lazy as _

from linli.orgs.models import Organisation, PathField, within
from linli.people.access import Actor

if TYPE_CHECKING:
    from linli.cases.procedures import Procedure, State

AXES = ("place", "holder", "partner")


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, actor: Actor, reach: Collection[str] = AXES) -> Self:
        """The cases an actor may open: those within its reach that are not locked away."""
        reached = self.within_reach(actor, reach)
        return reached.filter(is_locked=False) if actor.kind == "staff" else reached

    def within_reach(self, actor: Actor, reach: Collection[str] = AXES) -> Self:
        """The cases along an actor's role's paths, locked ones too, and never an accusation against its own unit.

        `reach` leaves out paths of the role, where it is known that they lead to nothing more.
        """
        if actor.kind == "system":
            return self
        if actor.kind == "reporter":
            return self.filter(pk=actor.case_id)
        reached = Q()
        for axis in sorted(actor.reach & set(reach)):
            reached |= along(axis, actor.path)
        if not reached:
            return self.none()
        return self.filter(reached).exclude(accused_path__in=actor.ancestor_paths)

    def open(self) -> Self:
        return self.filter(is_open=True)

    def numbered(self, number: str) -> Self:
        """The case people quote by this number, found through its own small table: the column has no index."""
        return self.filter(pk=case_numbered(number))


def along(axis: str, path: str) -> Q:
    """The cases a unit reaches along one axis: the place, whoever handles it, or as a called-in partner."""
    from linli.cases.models.work import Partner

    if axis == "partner":
        return Q(pk__in=Partner.objects.filter(within("path", path), ended_at=None).values("case_id"))
    return within(f"{axis}_path", path)


# What pages of figures ask of open cases: counted from an index alone, which holds those that count and no others.
COUNTED = ("id", "state", "due_at", "is_paused", "holder_path", "accused_path")


class Case(models.Model):
    """One matter from report to close. Its id is the id of the command that opened it."""

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(max_length=32)
    procedure_version = models.PositiveSmallIntegerField()
    number = models.CharField(_("编号"), max_length=20)
    title = models.CharField(_("事由"), max_length=120)
    category = models.CharField(_("类别"), max_length=48, blank=True)
    channel = models.CharField(_("来源"), max_length=16)
    level = models.CharField(_("紧急程度"), max_length=12, default="normal")
    state = models.CharField(_("状态"), max_length=32)
    state_since = models.DateTimeField()
    is_open = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=0)
    last_hash = models.BinaryField(max_length=32, default=b"")

    place = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    place_path = PathField(default="", blank=True)
    address = models.CharField(_("具体位置"), max_length=200, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    holder = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    holder_path = PathField(default="", blank=True)
    accused_path = PathField(default="", blank=True)
    is_identity_kept = models.BooleanField(default=False)
    group = models.UUIDField(null=True)

    opened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    urgent_at = models.DateTimeField(null=True)
    is_provisional = models.BooleanField(default=False)
    is_paused = models.BooleanField(default=False)
    is_late = models.BooleanField(default=False)
    is_ruled = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    is_locked = models.BooleanField(default=False, db_default=False)
    limits = models.JSONField(default=dict)

    returns = models.PositiveSmallIntegerField(default=0)
    reworks = models.PositiveSmallIntegerField(default=0)
    reopenings = models.PositiveSmallIntegerField(default=0)
    extensions = models.PositiveSmallIntegerField(default=0)
    urgings = models.PositiveSmallIntegerField(default=0)
    supervisions = models.PositiveSmallIntegerField(default=0)
    escalations = models.PositiveSmallIntegerField(default=0)
    rating = models.PositiveSmallIntegerField(null=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["urgent_at", "id"], name="case_urgent", condition=Q(is_open=True)),
            models.Index(
                fields=["place_path", "urgent_at"], name="case_place_open", condition=Q(is_open=True)
            ),
            models.Index(
                fields=["kind", "place_path"],
                include=COUNTED,
                name="case_counted",
                condition=Q(is_open=True, is_locked=False) & ~Q(state="merged"),
            ),
            models.Index(
                fields=["holder_path", "urgent_at"], name="case_holder_open", condition=Q(is_open=True)
            ),
            models.Index(fields=["received_at", "id"], name="case_received"),
            models.Index(fields=["place_path", "received_at"], name="case_place"),
            models.Index(fields=["holder_path", "received_at"], name="case_holder"),
            models.Index(fields=["group"], name="case_group", condition=Q(group__isnull=False)),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(is_open=True, closed_at=None) | Q(is_open=False, closed_at__isnull=False),
                name="case_closed_has_a_time",
            ),
            models.CheckConstraint(condition=Q(rating=None) | Q(rating__range=(1, 5)), name="case_rating"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def procedure(self) -> Procedure:
        """The version of the procedure the case was opened under, which it keeps for life."""
        from linli.cases import procedures

        return procedures.get(self.kind, self.procedure_version)

    @property
    def stage(self) -> State:
        return self.procedure.states[self.state]


class CaseNumber(models.Model):
    """Look-up from the number people quote to the case."""

    number = models.CharField(max_length=20, primary_key=True)
    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="+")


def case_numbered(number: str) -> Subquery:
    """The id of that case, as one value: databases then look it up before anything else they join it to."""
    return Subquery(CaseNumber.objects.filter(number=number).values("case_id"))


class TrackingCode(models.Model):
    """Look-up from the keyed hash of a secret code to the case; the code itself is stored nowhere."""

    digest = models.BinaryField(max_length=32, primary_key=True)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")

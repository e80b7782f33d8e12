"""Orders of supervision on a set of cases (督办一批): one order, one clock, one unit that answers."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models.case import Case
from linli.kit.ids import uuid7
from linli.orgs.models import Organisation, within
from linli.people.access import Actor
from linli.people.models import Person


class OrderState(models.TextChoices):
    OPEN = "open", _("等回复")
    ANSWERED = "answered", _("已回复，待核实")
    CLOSED = "closed", _("已销号")


class OrderStep(models.TextChoices):
    ORDERED = "ordered", _("发出督办")
    REPLIED = "replied", _("回复")
    SENT_BACK = "sent_back", _("核实不符，退回")
    ESCALATED = "escalated", _("到期没有回复，报上一级")
    CLOSED = "closed", _("核实相符，销号")


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, actor: Actor) -> Self:
        """Orders given or answered at the actor's unit, below it, or by a unit it belongs to."""
        if actor.kind != "staff" or not actor.path or not actor.may("measures.view"):
            return self.none()
        own = within("organisation__path", actor.path) | within("unit__path", actor.path)
        return self.filter(own | Q(unit__path__in=actor.ancestor_paths))


class Order(models.Model):
    """An order to a unit about a set of open cases. Its id is the id of the command that gave it.

    `desk` is who looks at the answer: the unit that ordered, and after each missed limit the one above.
    `since`: when it came to whom it waits for now. `fires_at`: when the limit runs out, None once that is settled.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("督办什么"), max_length=200)
    state = models.CharField(max_length=8, choices=OrderState.choices, default=OrderState.OPEN)
    made_at = models.DateTimeField()
    since = models.DateTimeField()
    due_at = models.DateTimeField()
    fires_at = models.DateTimeField(null=True)
    missed = models.PositiveSmallIntegerField(default=0)
    returns = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], name="order_open", condition=~Q(state="closed")),
            models.Index(fields=["closed_at"], name="order_closed", condition=Q(state="closed")),
            models.Index(fields=["fires_at"], name="order_fires", condition=Q(fires_at__isnull=False)),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | ~Q(state="closed") & Q(closed_at=None),
                name="order_closed_has_a_time",
            ),
        ]

    @property
    def waits_at(self) -> Organisation:
        """The unit whose turn it is."""
        return self.unit if self.state == OrderState.OPEN else self.desk


class OrderedCase(models.Model):
    """That a case is under an order."""

    pk = models.CompositePrimaryKey("case_id", "order_id")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="cases")


class OrderEvent(models.Model):
    """A step of an order, with its words; only ever added."""

    pk = models.CompositePrimaryKey("order_id", "number")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=9, choices=OrderStep.choices)
    text = models.TextField(blank=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

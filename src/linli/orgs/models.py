"""Organisations: one tree from county to grid, line departments included."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from linli.kit.ids import uuid7

PATH_END = "~"  # sorts after every character a path may hold


if TYPE_CHECKING:
    TextColumn = models.CharField[str, str]
else:
    TextColumn = models.CharField


class PathField(TextColumn):
    """A materialised path compared byte by byte, so that a subtree is one index range."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 200)
        super().__init__(*args, **kwargs)

    def db_parameters(self, connection: Any) -> Any:
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


def within(field: str, path: str) -> Q:
    """Rows whose `field` is `path` or lies below it (paths end with '/')."""
    return Q(**{f"{field}__gte": path, f"{field}__lt": path + PATH_END})


def is_within(path: str, ancestor: str) -> bool:
    """Whether `path` is `ancestor` or lies below it."""
    return bool(ancestor) and path.startswith(ancestor)


def lineage(path: str) -> list[str]:
    """The paths from the root down to and including this one; none for no unit."""
    steps = path.rstrip("/").split("/") if path else []
    return ["/".join(steps[: n + 1]) + "/" for n in range(len(steps))]


def around(paths: Iterable[str]) -> str:
    """The smallest unit in which all of these lie; '' where there is none."""
    shared = set.intersection(*(set(lineage(path)) for path in paths))
    return max(shared, key=len, default="")


class Kind(models.TextChoices):
    COUNTY = "county", _("县")
    TOWNSHIP = "township", _("乡镇（街道）")
    VILLAGE = "village", _("村")
    COMMUNITY = "community", _("社区")
    GRID = "grid", _("网格")
    DEPARTMENT = "department", _("部门")
    CENTRE = "centre", _("综治中心")
    COMMITTEE = "committee", _("调解委员会")


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def below(self, organisation: Organisation) -> Self:
        """The organisation itself and everything under it."""
        return self.filter(within("path", organisation.path))

    def on(self, day: date) -> Self:
        """Units valid on that day."""
        return self.filter(valid_from__lte=day).filter(Q(valid_until=None) | Q(valid_until__gt=day))

    def standing(self) -> Self:
        """Units nobody has closed."""
        return self.filter(valid_until=None)


class Organisation(models.Model):
    """A unit of the county. Codes are keys, names are not (statistics bureau list; GB/T 10114)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("代码"), max_length=32, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    name_en = models.CharField(_("英文名称"), max_length=120, blank=True)
    kind = models.CharField(_("类型"), max_length=12, choices=Kind.choices)
    function = models.CharField(_("职能"), max_length=32, blank=True)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("上级"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    path = PathField(unique=True, editable=False)
    phone = models.CharField(_("电话"), max_length=32, blank=True)
    supervision_phone = models.CharField(_("监督电话"), max_length=32, blank=True)
    area = models.CharField(_("范围"), max_length=200, blank=True)
    time_zone = models.CharField(_("时区"), max_length=48, blank=True)
    valid_from = models.DateField(_("启用日期"))
    valid_until = models.DateField(_("停用日期"), null=True, blank=True)
    is_demo = models.BooleanField(_("演示"), default=False)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["kind", "path"], name="orgs_kind_path")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=models.F("valid_from")),
                name="orgs_valid_period",
            ),
            models.CheckConstraint(condition=Q(path__endswith="/"), name="orgs_path_ends_with_slash"),
            models.CheckConstraint(condition=~Q(code__contains="/"), name="orgs_code_is_one_step"),
            models.CheckConstraint(condition=~Q(parent=models.F("id")), name="orgs_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        if self.name_en and (get_language() or "").startswith("en"):
            return self.name_en
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone its own people live in; a county without one keeps that of the settings."""
        return ZoneInfo(self.time_zone or settings.TIME_ZONE)

    @property
    def depth(self) -> int:
        return self.path.count("/") - 1

    @property
    def ancestor_paths(self) -> list[str]:
        return lineage(self.path)


class Change(models.TextChoices):
    FOUNDED = "founded", _("设立")
    RENAMED = "renamed", _("更名")
    MOVED = "moved", _("划转")
    MERGED = "merged", _("合并")
    SPLIT = "split", _("拆分")
    CLOSED = "closed", _("撤销")


class OrganisationChange(models.Model):
    """History of a unit: its name and path before the change, and what became of it.

    `other` is the unit it was merged into, or one of those it was split into. `made_by` is the id of
    the account; no foreign key, because accounts stand above organisations.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="changes")
    change = models.CharField(max_length=12, choices=Change.choices)
    on_date = models.DateField()
    name = models.CharField(max_length=80)
    path = PathField()
    other = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    made_by = models.UUIDField(null=True)


class Boundary(models.Model):
    """The outline of a unit in WGS-84 as a GeoJSON geometry."""

    organisation = models.OneToOneField(
        Organisation, primary_key=True, on_delete=models.CASCADE, related_name="boundary"
    )
    geometry = models.JSONField()
    is_sketch = models.BooleanField(_("示意"), default=True)
    source = models.CharField(max_length=200, blank=True)


class Revision(models.Model):
    """A number that grows when shared reference data changes, so that every process can notice."""

    name = models.CharField(max_length=32, primary_key=True)
    number = models.PositiveBigIntegerField(default=0)

"""Fields that forms of the administration share: a unit by name or code, and the functions units have."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, Min
from django.db.models.functions import Concat
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from linli.kit import text
from linli.kit.lists import listed
from linli.orgs.models import Kind, Organisation, OrganisationQuerySet, within

SEPARATOR = " · "
SHOWN = 6
LISTED = (Kind.COUNTY, Kind.TOWNSHIP, Kind.DEPARTMENT, Kind.CENTRE)


def written(unit: Organisation | None) -> str:
    """A unit as the field holds it: name and code."""
    return f"{unit.label}{SEPARATOR}{unit.code}" if unit else ""


class UnitField(forms.CharField):
    """A standing unit within an area, typed as its code, its name, or both as the list offers them."""

    def __init__(self, *, area: str = "", listed: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 160)
        super().__init__(**kwargs)
        self.area = area
        self.widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        if listed:
            self.widget.attrs["list"] = "units"

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, Organisation) else value

    def clean(self, value: Any) -> Organisation | None:
        given = " ".join(text.clean(super().clean(value)).split())
        return self._unit(given) if given else None

    def _unit(self, given: str) -> Organisation:
        standing = self.candidates()
        code = given.rpartition(SEPARATOR.strip())[2].strip()
        unit = standing.filter(code=code).first()
        if unit is not None:
            return unit
        named = list(standing.filter(name=given).order_by("path")[: SHOWN + 1])
        joined = standing.annotate(joined=Concat("parent__name", "name")).filter(
            joined=given.replace(" ", "")
        )
        named = named or list(joined.order_by("path")[: SHOWN + 1])
        named = named or list(standing.filter(name_en__iexact=given).order_by("path")[: SHOWN + 1])
        if len(named) == 1:
            return named[0]
        similar = named or list(standing.filter(name__contains=given).order_by("path")[: SHOWN + 1])
        if not similar:
            raise forms.ValidationError(
                _("您的范围内没有“%(given)s”这个单位。请填全称或代码。") % {"given": given[:40]}
            )
        raise forms.ValidationError(
            _("“%(given)s”不止一个，请填代码：%(units)s。")
            % {"given": given[:40], "units": listed(_path_words(unit) for unit in similar[:SHOWN])}
        )

    def candidates(self) -> OrganisationQuerySet:
        standing = Organisation.objects.standing().select_related("parent")
        return standing.filter(within("path", self.area)) if self.area else standing.none()


def _path_words(unit: Organisation) -> str:
    above = f"{unit.parent.label} " if unit.parent else ""
    return f"{above}{unit.label} {unit.code}"


def units_listed(area: str) -> list[str]:
    """What the list beside a unit field offers: offices and townships of the area."""
    units = Organisation.objects.standing().filter(within("path", area), kind__in=LISTED)
    return [written(unit) for unit in units.order_by("path")]


def functions() -> list[tuple[str, str]]:
    """The functions standing units have, with one of the units that has each."""
    name = "name_en" if (get_language() or "").startswith("en") else "name"
    found = (
        Organisation.objects.standing()
        .exclude(function="")
        .values("function")
        .annotate(units=Count("pk"), example=Min(name))
        .order_by("function")
    )
    return [
        (
            row["function"],
            _("%(unit)s等 %(n)d 个") % {"unit": row["example"], "n": row["units"]}
            if row["units"] > 1
            else row["example"],
        )
        for row in found
    ]


def unit_levels() -> list[tuple[str, str]]:
    """Where a unit with a function is looked for."""
    return [("township", _("事发乡镇的")), ("county", _("县级的"))]

"""Who may see who reported a request, and where it lies."""

from __future__ import annotations

from django.utils.translation import gettext as _

from linli.cases.actions import works_for
from linli.cases.models import Case
from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, is_within
from linli.people.access import Actor

PLACES = (Kind.COUNTY, Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY, Kind.GRID)


class WhereWrong(ValueError):
    """The place cannot be read from what was chosen."""


def contact_refusal(case: Case, actor: Actor) -> str:
    """Why this post does not see who reported; empty when it does."""
    if not actor.may("contact.view"):
        return _("您现在的岗位不需要知道反映人是谁。")
    works_on_it = works_for(actor, case.holder_path)
    if case.is_identity_kept and (works_on_it or not actor.may("case.report_for")):
        return _("反映人要求对承办单位保密。要问情况，请调度员转问。")
    return ""


def place_at(code: str | None, lon: float | None, lat: float | None) -> Organisation | None:
    """The smallest unit chosen, made smaller by the point where that lies inside it. Raises WhereWrong."""
    standing = Organisation.objects.standing().filter(kind__in=PLACES)
    chosen = standing.filter(code=code).first() if code else None
    if code and chosen is None:
        raise WhereWrong(_("没有这个地方，请从名单里重新选。"))
    if lon is None or lat is None:
        return chosen
    around = lookup.locate(lon, lat)
    if around is None:
        raise WhereWrong(_("图上的点不在本县范围内。请重新点，或清掉这个点，从名单里选。"))
    there = standing.get(pk=around.id)
    if chosen is None or is_within(around.path, chosen.path):
        return there
    if is_within(chosen.path, around.path):
        return chosen
    raise WhereWrong(
        _("图上的点在%(there)s，名单里选的是%(chosen)s，对不上。请改一处。")
        % {"there": there.label, "chosen": chosen.label}
    )

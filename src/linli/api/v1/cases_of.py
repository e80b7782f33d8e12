"""Finding cases: lists by the filters of the desk, and one case by its number."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from linli.cases.actions import CaseNotFound, paging
from linli.cases.actions.criteria import Criteria, in_category
from linli.cases.models import Case, CaseQuerySet
from linli.cases.procedures import latest
from linli.kit import codes
from linli.mediation.models import Category as Dispute
from linli.orgs.models import within
from linli.people.access import Actor
from linli.privacy.actions import reads
from linli.privacy.models import Group
from linli.service_requests.models import Category, Channel

from . import questions, shapes
from .door import visit_of
from .lists import unit_of
from .problems import Problem, invalid

DISPUTE_CHANNELS = ("window", "phone", "referral", "screening")


@dataclass(frozen=True)
class Listing:
    """A list of cases: whose kinds, and which categories and channels it knows."""

    kinds: tuple[str, ...]
    channels: Collection[str]
    has_groups: bool

    @property
    def states(self) -> set[str]:
        return {name for kind in self.kinds for name in latest(kind).states}

    def knows(self, category: str) -> bool:
        model = Category if self.has_groups else Dispute
        return model.objects.filter(code=category).exists()


REQUESTS = Listing((shapes.REQUEST,), Channel.values, has_groups=True)
DISPUTES = Listing(shapes.MEDIATIONS, DISPUTE_CHANNELS, has_groups=False)


def page_of(request: HttpRequest, listing: Listing, asked: questions.CaseFilters) -> paging.Page:
    """One page of the cases this post may see, in the order and with the filters asked for."""
    visit = visit_of(request)
    if not visit.actor.may("case.view"):
        raise Problem("not-allowed")
    criteria = _criteria(listing, asked)
    visible = Case.objects.visible_to(visit.actor).select_related("place", "holder")
    found = criteria.of(visible, visit.at)
    turn = paging.urgent if (asked.sort, asked.open) == ("urgent", "open") else paging.newest
    page = turn(found, shapes.key_of(asked.after), asked.limit)
    shown = [case.pk for case in page.rows]
    reads.note_many(shown=dict.fromkeys(shown, (Group.HEADLINE,)), by=visit.actor, what="list", at=visit.at)
    return paging.Page(page.rows, shapes.cursor(page.more))


def _criteria(listing: Listing, asked: questions.CaseFilters) -> Criteria:
    errors = {}
    if asked.state and asked.state not in listing.states:
        errors["state"] = _("没有这种状态。")
    if asked.channel and asked.channel not in listing.channels:
        errors["channel"] = _("没有这种来源。")
    if asked.category and not listing.knows(asked.category):
        errors["category"] = _("没有这个类别。")
    if errors:
        raise invalid(errors)
    return Criteria(
        query=asked.q,
        kinds=listing.kinds,
        state=asked.state,
        level=getattr(asked, "level", ""),
        channel=asked.channel,
        due=asked.due,
        since=asked.since,
        until=asked.until,
        figure=getattr(asked, "board", ""),
        figure_kind=shapes.REQUEST,
        open=asked.open,
        where=_where(listing, asked),
    )


def _where(listing: Listing, asked: questions.CaseFilters) -> Q:
    wanted = Q()
    for name, column in (("place", "place_path"), ("unit", "holder_path")):
        unit = unit_of(getattr(asked, name), name)
        if unit is not None:
            wanted &= within(column, unit.path)
    if asked.category:
        wanted &= in_category(asked.category, listing.kinds, and_below=listing.has_groups)
    return wanted


def visible(actor: Actor, kinds: Collection[str] = ()) -> CaseQuerySet:
    """The cases this post may open, of these kinds where some are named."""
    if not actor.may("case.view"):
        return Case.objects.none()
    found = Case.objects.visible_to(actor)
    return found.filter(kind__in=list(kinds)) if kinds else found


def find(request: HttpRequest, number: str, kinds: Collection[str] = ()) -> Case:
    """The case with that number; for a stranger to it there is none."""
    wanted = codes.normalise_number(number)
    cases = visible(visit_of(request).actor, kinds).numbered(wanted) if wanted else Case.objects.none()
    found = cases.select_related("place", "holder").first()
    if found is None:
        raise CaseNotFound
    return found


def full(case: Case, actor: Actor) -> dict[str, Any]:
    """What is shown of any case to whoever may open it."""
    return {
        **shapes.case_row(case, shapes.names_of([case])),
        "clocks": shapes.clocks_of(case),
        "history": shapes.history_of(case, actor),
    }

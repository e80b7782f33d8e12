"""Breaking the glass: a post opens one case outside its area, for a reason and for some hours, in front of everybody.

It lets a page be read, never a move be made; the content of a mediation stays behind its own gate, and an accusation
stays hidden from the unit accused. The person concerned sees it at once, and the offices above are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, CaseNotFound, NotAllowed, rows
from linli.cases.models import Case, CaseQuerySet
from linli.kit import codes
from linli.kit.ids import uuid7
from linli.kit.text import clean
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.people import scope
from linli.people.access import Actor
from linli.privacy.models import Glass

PERMISSION = "case.break_glass"
HOURS = (1, 2, 4, 8, 24)
AT_ONCE = 5  # of one post, so that nobody opens a county with it
KIND = "glass"

# Who is to be told, in the same transaction; apps above add themselves when they start.
told: list[Callable[[Glass, Case], None]] = []


@scope.everything()
def break_glass(*, number: str, reason: str, hours: int, by: Actor, at: datetime) -> Glass:
    """Opens the case to this post until then. BadData for a wrong number, a reason too short or too many open.

    A number that is no case's and one the post must never see are answered alike; so is that of a locked case.
    """
    if not by.may(PERMISSION) or by.person_id is None or by.organisation_id is None:
        raise CaseNotFound
    words = " ".join(clean(reason).split())
    errors = {}
    if not 5 <= len(words) <= 200:
        errors["reason"] = _("请写明理由，5 到 200 个字。反映人看得到。")
    if hours not in HOURS:
        errors["hours"] = _("请选几小时。")
    case = _case(number, by)
    if case is None:
        errors["number"] = _("没有这个编号。请对照回执或案卷再看一遍。")
    if errors or case is None:
        raise BadData(errors)
    if Case.objects.visible_to(by).filter(pk=case.pk).exists():
        raise NotAllowed(_("这一件本来就在您的范围内，直接打开就行。"))
    if current(by, at).count() >= AT_ONCE:
        raise NotAllowed(_("您已有 %(n)d 件越出管辖打开着，等到期再开。") % {"n": AT_ONCE})
    return _write(case, words, at + timedelta(hours=hours), by, at)


@scope.everything()
def _case(number: str, by: Actor) -> Case | None:
    wanted = codes.normalise_number(number)
    if not wanted:
        return None
    found = Case.objects.numbered(wanted).exclude(accused_path__in=by.ancestor_paths)
    return found.filter(is_locked=False).first()


def _write(case: Case, reason: str, until: datetime, by: Actor, at: datetime) -> Glass:
    assert by.person_id is not None
    assert by.organisation_id is not None
    glass = Glass(
        case_id=case.pk,
        id=uuid7(),
        person_id=by.person_id,
        role=by.role,
        organisation_id=by.organisation_id,
        reason=reason,
        at=at,
        until=until,
    )
    with transaction.atomic():
        rows.insert([glass, leaf_of(glass)])
        for tell in told:
            tell(glass, case)
    return glass


def leaf_of(glass: Glass) -> Leaf:
    return ledger.leaf_for(kind=KIND, subject=glass.id, record=glass.record(), at=glass.at)


def rehashed(first: UUID, last: UUID) -> Iterator[ledger.Row]:
    """Every breaking of the glass with an id from one to another as it stands now, hashed again."""
    for glass in Glass.objects.filter(id__gte=first, id__lte=last).order_by("id"):
        leaf = leaf_of(glass)
        yield ledger.Row(leaf.case_id, leaf.number, bytes(leaf.hash))


def current(by: Actor, at: datetime) -> QuerySet[Glass]:
    """What this very post has open."""
    if by.person_id is None or by.organisation_id is None:
        return Glass.objects.none()
    mine = Glass.objects.filter(person_id=by.person_id, role=by.role, organisation_id=by.organisation_id)
    return mine.filter(at__lte=at, until__gt=at)


def through(by: Actor, number: str, at: datetime) -> tuple[CaseQuerySet, Glass] | None:
    """The case that post has open outside its area, and by which breaking of the glass; None where it has none."""
    case = _case(number, by) if by.may(PERMISSION) else None
    glass = current(by, at).filter(case_id=case.pk).order_by("-until").first() if case is not None else None
    return (Case.objects.filter(pk=glass.case_id), glass) if glass is not None else None

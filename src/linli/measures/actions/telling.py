"""Tells the units concerned that a round is published, or that an admonition, a circular or a reward is written.

Nothing is told but units, days and the names of schemes: neither a score nor what was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.measures.actions import reckoning
from linli.measures.models import Act, ActKind, Round
from linli.notify.actions import memos
from linli.notify.actions.memos import Said, Sort
from linli.notify.actions.nearest import nearest
from linli.notify.models import Memo
from linli.orgs.models import Organisation
from linli.people.access import Actor, roles_with_permission

ROUND, ACT = "round", "act"
ANSWER = "measures.object"  # what whoever is told may do about it


def published(round_: Round, *, by: Actor, at: datetime) -> None:
    """Tells every assessed unit, in the transaction of the step."""
    units = Organisation.objects.filter(code__in=list(round_.results))
    people = _answering(units, at) - {by.person_id}
    memos.put(sort=ROUND, subject=round_.pk, people=people, at=at)


def written(act: Act, *, by: Actor, at: datetime) -> None:
    """Tells the unit it is about, in the transaction of the step."""
    people = _answering([act.organisation], at) - {by.person_id}
    memos.put(sort=ACT, subject=act.pk, people=people, at=at)


def _answering(units: Iterable[Organisation], at: datetime) -> set[UUID]:
    """Whoever may answer for the units; where nobody stands at one, the nearest above."""
    return nearest(*(unit.path for unit in units), roles=roles_with_permission(ANSWER), at=at)


def _known(model: type[Round | Act], found: Sequence[Memo], by: Actor | None) -> dict[UUID, Any]:
    """What the memos are about, by the memo's id; for an inbox, as far as the post may open it."""
    rows: Any = model._default_manager.select_related("organisation")
    known = (rows if by is None else rows.visible_to(by)).in_bulk({memo.subject for memo in found})
    return {memo.pk: known[memo.subject] for memo in found if memo.subject in known}


def _rounds(found: Sequence[Memo], by: Actor | None = None) -> dict[UUID, Said]:
    return {memo: _of_round(round_) for memo, round_ in _known(Round, found, by).items()}


def _of_round(round_: Round) -> Said:
    assert round_.objections_until is not None
    until = timezone.localtime(round_.objections_until, round_.organisation.zone)
    said = {
        "by": round_.organisation.label,
        "first": date_format(round_.begins_on),
        "last": date_format(round_.last_day),
        "until": date_format(until, "DATETIME_FORMAT"),
    }
    words = _("%(by)s公示了 %(first)s 到 %(last)s 的考评，您的单位在内。%(until)s 前可以提出异议。") % said
    return Said(str(reckoning.scheme_of(round_).label), words, f"/desk/rounds/{round_.pk}")


def _acts(found: Sequence[Memo], by: Actor | None = None) -> dict[UUID, Said]:
    return {memo: _of_act(act) for memo, act in _known(Act, found, by).items()}


def _of_act(act: Act) -> Said:
    unit = {"unit": act.organisation.label}
    title, words = {
        ActKind.ADMONITION: (_("约谈：%(unit)s"), _("县里约谈%(unit)s，请打开看，并写明回复。")),
        ActKind.CIRCULAR: (_("通报：%(unit)s"), _("县里通报%(unit)s，请打开看，并写明回复。")),
        ActKind.REWARD: (_("表扬：%(unit)s"), _("县里表扬%(unit)s，请打开看。")),
    }[ActKind(act.kind)]
    page = f"rounds/{act.round_id}" if act.round_id else f"orders/{act.order_id}"
    return Said(title % unit, words % unit, f"/desk/{page}")


def install() -> None:
    """Has inboxes and what is sent know both sorts."""
    memos.add(ROUND, Sort(gettext_lazy("考评"), "clipboard-check", _rounds, _rounds))
    memos.add(ACT, Sort(gettext_lazy("约谈、通报、表扬"), "speakerphone", _acts, _acts))

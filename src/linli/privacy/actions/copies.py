"""A copy of what a case holds on somebody: the same content as data and as words to read (个人信息保护法 45)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.ledger.models import Leaf
from linli.privacy.actions import keepers, notices, reads, seen
from linli.privacy.actions.openings import Openings
from linli.privacy.models import Claim, Consent

FORM = "linli-copy-1"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")
LABELS: dict[str, str | Promise] = {
    "number": _("编号"),
    "received_at": _("收到时间"),
    "state": _("到哪一步"),
    "title": _("事由"),
    "subject": _("纠纷名称"),
    "type": _("类型"),
    "text": _("原话"),
    "category": _("类别"),
    "answers": _("答复"),
    "contact": _("联系方式"),
    "is_identity_kept": _("对承办单位保密"),
    "may_publish": _("同意公开"),
    "address": _("具体位置"),
    "place": _("地方"),
    "point": _("地图上的点（经度、纬度）"),
    "steps": _("办理经过"),
    "party": _("当事人"),
    "companions": _("代理人和协助的人"),
    "talks": _("您单独说的"),
    "papers": _("文书"),
    "instalments": _("履行约定"),
    "consents": _("同意和收回"),
    "claims": _("要求和答复"),
}


def copy(*, case: Case, party: int | None, at: datetime, openings: Openings | None = None) -> dict[str, Any]:
    """All that concerns the reporter, or a party: plain values under the names of `LABELS`.

    `openings` are those they are told of; each names its leaf, by which it is found in the log.
    """
    keeper = keepers.of(case)
    own: dict[str, Any] = {
        "form": FORM,
        "made_at": at.isoformat(),
        "notice": notices.current(),
        "number": case.number,
        "received_at": case.received_at.isoformat(),
        "state": str(case.stage.public or case.stage.label),
    }
    held = keeper.copy(case, party) if keeper is not None else {}
    consents = Consent.objects.of(case.pk, party)
    claims = Claim.objects.filter(case_id=case.pk, party=party).order_by("asked_at", "id")
    return {
        **own,
        **held,
        "openings": _told(openings) if openings is not None else [],
        "consents": [
            {
                "at": each.at.isoformat(),
                "matter": str(each.get_matter_display()),
                "given": each.is_given,
                "notice": each.notice,
            }
            for each in consents
        ],
        "claims": [
            {
                "asked_at": each.asked_at.isoformat(),
                "kind": str(each.get_kind_display()),
                "words": each.words,
                "due_at": each.due_at.isoformat(),
                "outcome": str(each.get_outcome_display()) if each.outcome else "",
                "reply": each.reply,
            }
            for each in claims
        ],
    }


def _told(openings: Openings) -> list[dict[str, Any]]:
    rows = openings.newest()[::-1]
    leaves = Leaf.objects.filter(kind__in=reads.KINDS, case_id__in=[row.id for row in rows])
    places = {leaf.case_id: (bytes(leaf.hash).hex(), leaf.position) for leaf in leaves}
    return [
        {
            "at": said.at.isoformat(),
            "unit": said.unit,
            "role": said.role,
            "purpose": said.purpose,
            "parts": said.groups,
            "leaf": places.get(row.id, ("", None))[0],
            "position": places.get(row.id, ("", None))[1],
        }
        for row, said in zip(rows, seen.in_words(rows), strict=True)
    ]


@dataclass(frozen=True)
class Part:
    """One piece of a copy as people read it."""

    label: str
    lines: tuple[str, ...]


def parts(held: dict[str, Any]) -> list[Part]:
    """The copy in words, in order, without what is empty."""
    found = [Part(_label(name), tuple(_lines(value))) for name, value in held.items() if name in LABELS]
    return [part for part in found if part.lines]


def _label(name: str) -> str:
    label = str(LABELS[name])
    return label[:1].upper() + label[1:]


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        joined = " · ".join(line for each in value.values() for line in _lines(each))
        yield from [joined] if joined else []
    elif isinstance(value, list):
        for each in value:
            yield from _lines(each)
    elif isinstance(value, bool):
        yield str(_("是") if value else _("否"))
    elif value not in (None, ""):
        yield _moment(str(value))


def _moment(written: str) -> str:
    """A moment as the clock on the wall shows it; anything else as it is."""
    if not MOMENT.fullmatch(written):
        return written
    return f"{timezone.localtime(datetime.fromisoformat(written)):%Y-%m-%d %H:%M}"

"""A request that is a dispute becomes a mediation, and whoever reported it becomes its first party."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from linli.cases.actions import BadData
from linli.cases.actions.referrals import Referred, openers
from linli.cases.models import Case, Referral
from linli.mediation.actions.registering import Application, PartyDetails, register
from linli.mediation.models import Category, Party, Side, Source

KINDS = ("mediation", "mediation_medical", "mediation_labour")
FIRST = 1


def open_for(referred: Referred) -> Case:
    """Registers a mediation with the facts that travel: who asks, against whom, over what.

    `carried` holds brief, category, requester, phone, respondent, respondent_phone and is_willing. Raises BadData.
    """
    source, carried = referred.source, referred.carried
    _check(source, carried)
    assert source.place is not None
    category = Category.objects.get(pk=carried["category"])
    requester, respondent = (str(carried[name]).strip() for name in ("requester", "respondent"))
    application = Application(
        subject=f"{requester}、{respondent}{category.name_zh}"[:80],  # zh: the name of the case on its papers
        brief=carried["brief"],
        requests=[str(carried.get("request") or source.title)],
        category=category.code,
        source=Source.APPLIED,
        place=source.place,
        parties=[
            PartyDetails(name=requester, phone=str(carried.get("phone", ""))),
            PartyDetails(
                name=respondent, side=Side.RESPONDENT, phone=str(carried.get("respondent_phone", ""))
            ),
        ],
        channel="referral",
        is_demo=source.is_demo,
    )
    registered = register(
        application=application, by=referred.by, at=referred.at, command_id=referred.command_id
    )
    return registered.case


def _check(source: Case, carried: Mapping[str, Any]) -> None:
    errors: dict[str, str] = {}
    if source.accused_path:
        errors["reason"] = _("反映单位或工作人员的，按举报办理，不能转人民调解。")
    if source.is_identity_kept:
        errors["reason"] = _("反映人要求保密。调解要让对方知道是谁，请反映人自己来申请。")
    if not carried.get("is_willing"):
        errors["is_willing"] = _("反映人不愿意调解的，不能转（人民调解法第十七条）。")
    if not Category.objects.filter(pk=carried.get("category", ""), is_active=True).exists():
        errors["category"] = _("请从列出的纠纷类型里选。")
    for name, label in (("requester", _("反映人姓名")), ("respondent", _("对方姓名或名称"))):
        if not str(carried.get(name, "")).strip():
            errors[name] = _("请填写“%(label)s”。") % {"label": label}
    if errors:
        raise BadData(errors)


def party_of_request(case_id: UUID) -> Party | None:
    """Whoever reported a request, as the party of the mediation it was last referred to."""
    made = Referral.objects.filter(case_id=case_id, to__kind__in=KINDS).order_by("-at").first()
    return Party.objects.filter(case_id=made.to_id, number=FIRST).first() if made else None


def install() -> None:
    """Lets other kinds of case be referred to mediation."""
    openers.update(dict.fromkeys(KINDS, open_for))

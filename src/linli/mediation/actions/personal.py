"""What a mediation holds on each of its parties: copied to them, corrected, taken away.

A party's copy holds its own and the joint part, nothing of anybody else's. The papers of a mediation are a file the law
has kept; so a deletion takes a party's optional particulars, and its words go with the file when its time is up.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from linli.cases.actions import BadData
from linli.cases.models import Case, Event
from linli.kit import text
from linli.kit.sealing import vault
from linli.mediation.actions.reading import KINDS
from linli.mediation.models import (
    Assent,
    Companion,
    Instalment,
    Invitation,
    Mediation,
    Paper,
    PaperKind,
    Party,
    PartyCode,
    Remark,
    Signature,
    Talk,
)
from linli.mediation.models.matter import PartyQuerySet
from linli.privacy.actions import erasing, keepers

OPTIONAL: dict[str, Any] = {
    "sex": "",
    "ethnicity": "",
    "born_on": None,
    "occupation": "",
    "address": "",
    "phone": "",
}
# These name telephone, age and address of others, so each party is given only its own.
IDENTIFYING = (PaperKind.APPLICATION, PaperKind.REGISTER, PaperKind.IDENTITY, PaperKind.AUTHORITY)


def _own(parties: PartyQuerySet, case: Case, party: int | None) -> Party:
    assert party is not None
    return parties.get(case_id=case.pk, number=party)


def _copy(case: Case, party: int | None) -> dict[str, Any]:
    own = _own(Party.objects.all(), case, party)
    mine: dict[str, Any] = {"case_id": case.pk, "party": party}
    papers = Q(party=party) | (Q(is_joint=True) & ~Q(kind__in=IDENTIFYING))
    signed = Signature.objects.valid().filter(**mine)
    seen = {each.paper for each in signed}
    held = Paper.objects.current().filter(papers, case_id=case.pk).order_by("at", "id")
    return {
        "subject": Mediation.objects.get(pk=case.pk).subject,
        "party": {
            "side": str(own.get_side_display()),
            "name": own.name,
            **{name: str(getattr(own, name) or "") for name in OPTIONAL},
        },
        "companions": [
            {"role": str(each.get_role_display()), "name": each.name, "phone": each.phone}
            for each in Companion.objects.filter(**mine).order_by("id")
        ],
        "answers": [
            {
                "at": each.at.isoformat(),
                "matter": str(each.get_matter_display()),
                "answer": each.answer,
                "how": str(each.get_how_display()),
            }
            for each in Assent.objects.filter(**mine).order_by("at", "id")
        ],
        "talks": [
            {"held_at": each.held_at.isoformat(), "text": each.text}
            for each in Talk.objects.filter(**mine).order_by("held_at", "id")
        ],
        "papers": [
            {"kind": str(each.get_kind_display()), "at": each.at.isoformat(), "text": each.text}
            for each in held
            if each.party == party or each.id in seen
        ],
        "instalments": [
            {"what": each.what, "amount": str(each.amount or ""), "due_on": each.due_on.isoformat()}
            for each in Instalment.objects.filter(**mine).order_by("due_on", "id")
        ],
        "steps": [
            {"at": event.at.isoformat(), "what": str(case.procedure.move_of(event.kind).done)}
            for event in Event.objects.filter(case_id=case.pk, is_public=True).order_by("number")
            if event.verb not in ("sign", "sign_as_staff", "seal", "write", "note")
        ],
    }


def _correct(case: Case, party: int | None, given: Mapping[str, str]) -> None:
    own = _own(Party.objects.select_for_update(), case, party)
    name, phone = " ".join(text.clean(given.get("name", "")).split()), given.get("phone", "").strip()
    if len(name) > 50:
        raise BadData({"name": _("最多%(n)d个字。") % {"n": 50}})
    if phone and not text.is_phone(phone):
        raise BadData({"phone": _("这个电话号码看起来不对，请只写数字，例如 0712-0000-000。")})
    own.name, own.phone = name or own.name, phone or own.phone
    own.save(update_fields=["name", "phone"])


def _erase_person(case: Case, party: int | None) -> keepers.Removed:
    """What the forms do not need; the signed papers are kept by law."""
    own = _own(Party.objects.select_for_update(), case, party)
    had = sum(bool(getattr(own, name)) for name in OPTIONAL)
    for name, empty in OPTIONAL.items():
        setattr(own, name, empty)
    own.save(update_fields=list(OPTIONAL))
    removed = {"particulars": had}
    for each in Companion.objects.filter(case_id=case.pk, party=party).exclude(phone=""):
        each.phone = ""
        each.save(update_fields=["phone"])
        removed["contact"] = removed.get("contact", 0) + 1
    return removed


# Table → what is emptied in it when the file's time is up.
EMPTIED: tuple[tuple[type[Any], dict[str, Any]], ...] = (
    (Party, {"name": "", **OPTIONAL}),
    (Companion, {"name": "", "phone": "", "relation": ""}),
    (Invitation, {"note": ""}),
    (Talk, {"text": ""}),
    (Paper, {"content": {}, "text": ""}),
    (Signature, {"name": "", "agent": "", "strokes": [], "image": b""}),
    (Instalment, {"what": "", "note": ""}),
    (Remark, {"text": ""}),
)


def _erase_case(case: Case) -> keepers.Removed:
    removed: keepers.Removed = {"words": erasing.events(case, lambda event: True)}
    for model, emptied in EMPTIED:
        for row in model.objects.filter(case_id=case.pk):
            for name, empty in emptied.items():
                setattr(row, name, empty)
            row.save(update_fields=list(emptied))
            removed[model._meta.model_name] = removed.get(model._meta.model_name, 0) + 1
    matter = Mediation.objects.get(pk=case.pk)
    matter.subject, matter.brief, matter.requests, matter.entrusted_name = "", "", [], ""
    matter.save(update_fields=["subject", "brief", "requests", "entrusted_name"])
    removed["codes"] = PartyCode.objects.filter(case_id=case.pk).delete()[0]
    transaction.on_commit(partial(vault.shred, case.pk))  # what backups still hold opens no more
    return removed


def install() -> None:
    """Makes known what a mediation holds on its parties.

    The committee that has it answers; those above it know of its content nothing, and answer nothing about it.
    """
    keeper = keepers.Keeper(_copy, _correct, _erase_person, _erase_case, "mediation.accept", at_holder=True)
    keepers.add(KINDS, keeper)

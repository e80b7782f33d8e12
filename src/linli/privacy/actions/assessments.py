"""Impact assessments (个人信息保护影响评估): without one, signed and in force, no sensitive form is switched on."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, NotAllowed
from linli.kit.text import clean
from linli.people.access import Actor
from linli.people.actions import note_change
from linli.privacy.actions import register
from linli.privacy.models import Assessment

LASTS = timedelta(days=2 * 365)
SHORTEST, LONGEST = 20, 4000
PARTS = ("purpose", "effects", "measures")


class NotAssessed(NotAllowed):
    """A sensitive form is not switched on before its impact assessment is signed."""


def is_sensitive(subject: str) -> bool:
    """Whether a form collects what the law calls sensitive: asked of the register."""
    return any(subject == each or subject.startswith(each) for each in register.sensitive_forms())


def label_of(subject: str) -> str:
    """What a form is called; its own name where the register gives none."""
    return register.form_label(subject) or subject


def require(*, subject: str, at: datetime) -> None:
    """Raises NotAssessed for a sensitive form without an assessment that is signed and in force."""
    if is_sensitive(subject) and standing(subject, at) is None:
        raise NotAssessed(_("要收集敏感个人信息，须先做个人信息保护影响评估并签发（管理 → 影响评估）。"))


def standing(subject: str, at: datetime) -> Assessment | None:
    """The assessment in force that covers a form: its own, or that of the group it belongs to."""
    covering = [each for each in register.sensitive_forms() if subject.startswith(each)]
    signed = Assessment.objects.in_force(at).filter(subject__in={subject, *covering})
    return signed.order_by("-signed_at").first()


def write(*, subject: str, parts: dict[str, str], by: Actor, at: datetime) -> Assessment:
    """Writes an assessment down, to be signed by somebody else. Raises BadData."""
    said = {name: clean(parts.get(name, "")).strip() for name in PARTS}
    errors = {
        name: _("请写 %(least)d 到 %(most)d 个字。") % {"least": SHORTEST, "most": LONGEST}
        for name, words in said.items()
        if not SHORTEST <= len(words) <= LONGEST
    }
    if not is_sensitive(subject):
        errors["subject"] = _("请从名单里选。")
    if errors or by.person_id is None:
        raise BadData(errors)
    with transaction.atomic():
        made = Assessment.objects.create(
            subject=subject, **said, register=register.fingerprint(), made_by_id=by.person_id, made_at=at
        )
        _note(made, "assessment.written", by, at)
    return made


def sign(*, assessment_id: UUID, by: Actor, at: datetime) -> Assessment:
    """Signs an assessment somebody else wrote; from now on it lets its form be switched on, for two years."""
    with transaction.atomic():
        made = Assessment.objects.select_for_update().get(pk=assessment_id)
        if made.signed_at is not None:
            raise NotAllowed(_("这一份已经签发。"))
        if by.person_id is None or by.person_id == made.made_by_id:
            raise NotAllowed(_("自己写的要由别人签发。"))
        made.signed_by_id, made.signed_at, made.valid_until = by.person_id, at, at + LASTS
        made.save(force_update=True)
        _note(made, "assessment.signed", by, at)
    return made


def _note(made: Assessment, what: str, by: Actor, at: datetime) -> None:
    facts = {"register": made.register, "valid_until": made.valid_until and made.valid_until.isoformat()}
    note_change(by=by, at=at, what=what, target=("assessment", made.pk, made.subject), after=facts)

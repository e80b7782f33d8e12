"""Word templates of the official forms: ours, and an administrator's own in the place of one of ours."""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from linli.documents.render import TemplateRefused, check_template
from linli.kit import text
from linli.mediation.models import FormTemplate, PaperKind
from linli.people.access import Actor
from linli.people.actions import note_change

FORMS = Path(__file__).resolve().parent.parent / "papers"
LONGEST_NAME = 80

__all__ = [
    "FormTemplate",
    "TemplateRefused",
    "UnknownForm",
    "current",
    "kinds",
    "label",
    "ours",
    "replace",
    "restore",
]


class UnknownForm(LookupError):
    """There is no form of that kind."""


@cache
def kinds() -> tuple[str, ...]:
    """The forms there are a template of, in the order of the file."""
    titles = tomllib.loads((FORMS / "forms.toml").read_text(encoding="utf-8"))
    return tuple(kind for kind in titles if (FORMS / f"{kind}.docx").is_file())


def label(kind: str) -> str:
    """The name of a form in the reader's language."""
    names = {"cover": _("卷宗封面"), "contents": _("卷内目录"), "back": _("卷宗封底")}
    return names.get(kind) or str(PaperKind(kind).label)


def ours(kind: str) -> bytes:
    """The template the package brings."""
    if kind not in kinds():
        raise UnknownForm(kind)
    return (FORMS / f"{kind}.docx").read_bytes()


def current(kind: str) -> bytes:
    """The template in use: an administrator's own, else ours."""
    row = FormTemplate.objects.filter(pk=kind).first()
    return bytes(row.docx) if row else ours(kind)


def replace(*, kind: str, docx: bytes, name: str, by: Actor, at: datetime) -> FormTemplate:
    """Puts a Word template in the place of ours, once the form can be made from it; else TemplateRefused."""
    if kind not in kinds() or by.person_id is None:
        raise UnknownForm(kind)
    check_template(kind, docx)
    name = " ".join(text.clean(name).split())[-LONGEST_NAME:]
    with transaction.atomic():
        row, _made = FormTemplate.objects.update_or_create(
            kind=kind, defaults={"docx": docx, "name": name, "by_id": by.person_id, "at": at}
        )
        note_change(by=by, at=at, what="form.replaced", target=_target(kind), after={"file": name})
    return row


def restore(*, kind: str, by: Actor, at: datetime) -> bool:
    """Goes back to our template; False where it is in use already."""
    if kind not in kinds():
        raise UnknownForm(kind)
    with transaction.atomic():
        row = FormTemplate.objects.select_for_update().filter(pk=kind).first()
        if row is None:
            return False
        row.delete()
        note_change(by=by, at=at, what="form.restored", target=_target(kind), before={"file": row.name})
    return True


def _target(kind: str) -> tuple[str, str, str]:
    titles = tomllib.loads((FORMS / "forms.toml").read_text(encoding="utf-8"))
    return "form", kind, titles[kind]["title"]

"""A report being written. Everything typed travels in the form itself, so no server session can lose it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Self
from uuid import UUID

from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from linli.kit import text
from linli.kit.ids import uuid7

STEPS = ("what", "where", "photos", "contact")
STEP_OF = {
    **dict.fromkeys(("text", "category", "request_type"), "what"),
    **dict.fromkeys(("place", "point", "town", "village", "grid", "address", "prefer"), "where"),
    **dict.fromkeys(("photos", "photo"), "photos"),
    **dict.fromkeys(("contact_name", "contact_phone", "keep", "publish", "accused", "again"), "contact"),
}
LABELS = {
    "text": _("事情经过"),
    "category": _("类别"),
    "request_type": _("您想要"),
    "place": _("在哪里"),
    "point": _("图上的点"),
    "village": _("村（社区）"),
    "grid": _("网格"),
    "address": _("具体位置"),
    "prefer": _("以哪个为准"),
    "photos": _("照片"),
    "contact_name": _("称呼"),
    "contact_phone": _("电话"),
    "accused": _("被举报的单位"),
    "again": _("提交"),
}
_COMMAND = signing.Signer(salt="portal.report")
_SAME = signing.Signer(salt="portal.same")


@dataclass(frozen=True)
class Draft:
    """The fields of all four steps, as typed. `command` is signed: whoever could choose it could ask for the receipt
    of a case that is not theirs."""

    command: str = ""
    request_type: str = "help"
    category: str = ""
    text: str = ""
    advised: str = ""
    town: str = ""
    village: str = ""
    grid: str = ""
    address: str = ""
    lon: str = ""
    lat: str = ""
    prefer: str = ""
    same: str = ""
    photos: tuple[str, ...] = field(default=())
    contact_name: str = ""
    contact_phone: str = ""
    keep: str = ""
    publish: str = ""
    accused: str = ""
    proof: str = ""

    @classmethod
    def from_post(cls, post: QueryDict) -> Self:
        """The draft as posted; a command that is not ours is replaced by a new one."""
        values = {f.name: post.get(f.name, "") for f in fields(cls) if f.name != "photos"}
        if command_id_of(values["command"]) is None:
            values["command"] = new_command()
        return cls(**values, photos=tuple(dict.fromkeys(post.getlist("photos"))))

    def hidden(self, *shown: str) -> list[tuple[str, str]]:
        """Names and values of every field the step does not show, for hidden inputs."""
        pairs = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name not in shown]
        single = [(name, value) for name, value in pairs if name != "photos" and value]
        return single + [("photos", photo) for photo in self.photos if "photos" not in shown]

    @property
    def command_id(self) -> UUID:
        found = command_id_of(self.command)
        assert found is not None
        return found

    @property
    def is_accusation(self) -> bool:
        return self.request_type == "accusation"


def new_command() -> str:
    """A signed id for one report: sent twice, it makes one case."""
    return _COMMAND.sign(str(uuid7()))


def command_id_of(signed: str) -> UUID | None:
    return _unsigned(_COMMAND, signed)


def same_token(case_id: UUID) -> str:
    """The open case a resident may say theirs repeats; signed, so that only suggested ones can be named."""
    return _SAME.sign(str(case_id))


def same_as_of(token: str) -> UUID | None:
    return _unsigned(_SAME, token)


def _unsigned(signer: signing.Signer, signed: str) -> UUID | None:
    try:
        return UUID(signer.unsign(signed))
    except (signing.BadSignature, ValueError):
        return None


def without_numbers(draft: Draft) -> Draft:
    """The draft with the telephone and identity numbers found in what was written made unreadable."""
    return replace(
        draft,
        text=text.mask(draft.text, text.mask_candidates(draft.text)),
        address=text.mask(draft.address, text.mask_candidates(draft.address)),
    )

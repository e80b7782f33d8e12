"""A matter written down by staff: what they saw themselves, or what a caller told them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.core import signing
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kit.ids import uuid7
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.service_requests.actions import LONGEST, Submission
from linli.service_requests.actions.contacts import WhereWrong, place_at
from linli.service_requests.models import Channel, RequestType

from .moves import Grouped

__all__ = ["RegisterForm", "WhereWrong", "command_of", "new_command", "place_of", "submission_of"]

LEVELS = ("town", "village", "grid")
_COMMAND = signing.TimestampSigner(salt="web.register")
COMMAND_AGE = 24 * 3600


def new_command() -> str:
    """A signed id for one registration. Signed, since the tracking code is made from it."""
    return _COMMAND.sign(str(uuid7()))


def command_of(signed: str) -> UUID | None:
    try:
        return UUID(_COMMAND.unsign(signed, max_age=COMMAND_AGE))
    except (signing.BadSignature, ValueError):
        return None


class RegisterForm(forms.Form):
    """Draws the fields; `problems` are what the kernel or the look-up of the place found wrong."""

    text = forms.CharField(
        label=gettext_lazy("什么事"),
        help_text=gettext_lazy("替别人登记，照他的原话写。至少5个字。"),
        widget=forms.Textarea(attrs={"rows": 5, "maxlength": LONGEST}),
    )
    category = forms.ChoiceField(label=gettext_lazy("类别"))
    request_type = forms.ChoiceField(label=gettext_lazy("类型"), choices=RequestType.choices, initial="help")
    address = forms.CharField(
        label=gettext_lazy("具体位置"),
        required=False,
        help_text=gettext_lazy("例如：小学围墙外，卫生室对面"),
        widget=forms.TextInput(attrs={"maxlength": 200}),
    )
    contact_name = forms.CharField(
        label=gettext_lazy("反映人称呼"),
        required=False,
        widget=forms.TextInput(attrs={"maxlength": 50, "data-private": "", "autocomplete": "off"}),
    )
    contact_phone = forms.CharField(
        label=gettext_lazy("反映人电话"),
        required=False,
        widget=forms.TextInput(
            attrs={"maxlength": 32, "inputmode": "tel", "data-private": "", "autocomplete": "off"}
        ),
    )
    keep = forms.BooleanField(label=gettext_lazy("反映人要求对承办单位保密"), required=False)
    accused = forms.ChoiceField(
        label=gettext_lazy("被举报的单位"),
        required=False,
        help_text=gettext_lazy("只有举报才选。选了以后，这个单位和它的下级都看不到这一件。"),
    )

    def __init__(
        self,
        *,
        categories: Grouped,
        units: Grouped,
        data: QueryDict | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data)
        self.problems = dict(problems or {})
        self.fields["category"] = forms.ChoiceField(
            label=_("类别"), choices=[("", _("请选择类别")), *categories]
        )
        accused = self.fields["accused"]
        assert isinstance(accused, forms.ChoiceField)
        accused.choices = [("", _("没有")), *units]

    def full_clean(self) -> None:
        self.cleaned_data = {}
        self._errors = ErrorDict()
        for name, problem in self.problems.items():
            key = name if name in self.fields else NON_FIELD_ERRORS
            self._errors.setdefault(key, self.error_class()).append(problem)


def place_of(posted: QueryDict, post: Actor) -> tuple[Organisation | None, float | None, float | None]:
    """The smallest unit chosen, made smaller by the point where that lies inside it. Raises WhereWrong."""
    code = next((posted.get(level) for level in reversed(LEVELS) if posted.get(level)), None)
    lon, lat = _number(posted.get("lon", "")), _number(posted.get("lat", ""))
    if lon is None or lat is None:
        lon = lat = None
    return place_at(code, lon, lat), lon, lat


def _number(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        return None


def submission_of(
    posted: QueryDict, post: Actor, place: Any, lon: Any, lat: Any, photos: list[str]
) -> Submission:
    """What was registered, as every channel hands it in."""
    accused = None
    if posted.get("request_type") == RequestType.ACCUSATION:
        accused = _unit(posted.get("accused", ""))
    return Submission(
        text=posted.get("text", ""),
        category=posted.get("category", ""),
        request_type=posted.get("request_type", ""),
        channel=Channel.HOTLINE if post.may("case.report_for") else Channel.GRID,
        place=place,
        address=posted.get("address", ""),
        lon=lon,
        lat=lat,
        contact_name=posted.get("contact_name", ""),
        contact_phone=posted.get("contact_phone", ""),
        is_identity_kept=bool(posted.get("keep")),
        accused=accused,
        photos=photos,
    )


def _unit(text: str) -> Organisation | None:
    try:
        return Organisation.objects.standing().filter(pk=UUID(text)).first()
    except ValueError:
        return None

"""Forms of webhooks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kit import text
from linli.notify.actions import webhooks
from linli.notify.models import Webhook
from linli.people.access import roles
from linli.people.models import Grant
from linli.web.views import kinds

from .manage import SEPARATOR

MARKS = "：:"  # zh: the marks some labels end with
OFFERED = 400  # posts in the list beside the field; others are found by their account


def written(grant: Grant) -> str:
    """A post as the field holds it."""
    role = roles()[grant.role].label
    return SEPARATOR.join([grant.person.name, grant.person.username, role, grant.organisation.label])


class WebhookForm(forms.Form):
    """All of a webhook that can be changed; `grants` are the posts it may look through."""

    name = forms.CharField(label=gettext_lazy("名称"), max_length=webhooks.NAME_LENGTH)
    url = forms.CharField(
        label=gettext_lazy("地址"),
        max_length=500,
        help_text=gettext_lazy("对方收消息的地址，以 https:// 开头，要在公网上能访问到。"),
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocomplete": "off"}),
    )
    post = forms.CharField(
        label=gettext_lazy("凭哪个岗位看"),
        max_length=240,
        help_text=gettext_lazy("这个岗位能打开的案件，才会通知。岗位结束，通知就停。可以只填账号。"),
        widget=forms.TextInput(attrs={"list": "posts", "autocomplete": "off", "spellcheck": "false"}),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("哪些案件"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("一个都不选，就是全部。"),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("哪些事件"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("一个都不选，就是全部。"),
    )
    is_active = forms.BooleanField(label=gettext_lazy("启用"), required=False)

    def __init__(self, *args: Any, grants: list[Grant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grants = grants
        self.fields["kinds"].choices = list(kinds.kinds().items())  # type: ignore[attr-defined]
        events = [
            (event, f"{str(label).rstrip(MARKS)} · {event}") for event, label in webhooks.events().items()
        ]
        self.fields["events"].choices = events  # type: ignore[attr-defined]

    def clean_post(self) -> Grant:
        given = " ".join(text.clean(self.cleaned_data["post"]).split())
        found = [grant for grant in self.grants if given in (written(grant), grant.person.username)]
        if not found:
            raise forms.ValidationError(_("没有这个岗位。请从列出的里选，或者填账号。"))
        if len(found) > 1:
            raise forms.ValidationError(_("这个账号不止一个岗位，请从列出的里选。"))
        return found[0]

    def changes(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        meant = [kind for group in given["kinds"] for kind in kinds.KINDS[group]]
        return {**given, "kinds": meant, "grant": given["post"]}

    @classmethod
    def values(cls, webhook: Webhook) -> dict[str, Any]:
        groups = [group for group, meant in kinds.KINDS.items() if set(meant) & set(webhook.kinds)]
        return {
            "name": webhook.name,
            "url": webhook.url,
            "post": written(webhook.grant),
            "kinds": groups,
            "events": webhook.events,
            "is_active": webhook.is_active,
        }


class ReplayForm(forms.Form):
    position = forms.IntegerField(label=gettext_lazy("从哪个序号起"), min_value=1)

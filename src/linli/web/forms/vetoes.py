"""What is asked when a veto is proposed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.mediation.actions.vetoes import ADDRESSED, CONCERNED, Proposal
from linli.orgs.models import Organisation, within
from linli.people.access import Actor


class VetoForm(forms.Form):
    """Why, on what grounds, to whom and about which unit. It is never about a resident."""

    concerned = forms.ModelChoiceField(
        label=_("被建议的单位"),
        queryset=Organisation.objects.none(),
        help_text=_("只写单位的失职，不写居民。"),
    )
    addressee = forms.ModelChoiceField(label=_("向谁建议"), queryset=Organisation.objects.none())
    reason = forms.CharField(
        label=_("理由"), min_length=20, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    evidence = forms.CharField(
        label=_("依据和证据"), min_length=10, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    command_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, post: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        county = post.path.split("/")[0] + "/"
        units = Organisation.objects.standing().exclude(parent=None).order_by("path")
        own = Q(kind__in=CONCERNED) & within("path", post.path)
        self.fields["concerned"].queryset = units.filter(own)  # type: ignore[attr-defined]
        addressed = units.filter(within("path", county), kind__in=ADDRESSED)
        self.fields["addressee"].queryset = addressed  # type: ignore[attr-defined]

    @property
    def proposal(self) -> Proposal:
        said = self.cleaned_data
        return Proposal(said["reason"], said["evidence"], said["addressee"], said["concerned"])

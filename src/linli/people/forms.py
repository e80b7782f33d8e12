"""Codes and passkeys as somebody gives them. Guesses are counted in the database, so in every process alike."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.core import context
from allauth.mfa import adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kit import clock
from linli.people.actions import rates
from linli.people.models import Person

GUESSES = {"per_minute": 1, "burst": 10}
LONGEST_KEY = 16_384  # characters of what a browser sends about a passkey


def _refuse(message: str = "") -> forms.ValidationError:
    return forms.ValidationError(message or _("没有通过。请再试一次。"), code="incorrect_code")


def _count(person: Person) -> None:
    """Counts one attempt; after ten wrong ones, one a minute."""
    wait = rates.take(name=_guesses(person), at=clock.now(), **GUESSES)
    if wait is not None:
        raise _refuse(_("试得太多了，请过一分钟再试。"))


def _guesses(person: Person) -> str:
    return f"second-factor/{person.pk}"


class _CodeForm(forms.Form):
    """A code of the app, or a spare one."""

    code = forms.CharField(
        label=gettext_lazy("验证码或备用码"),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    again = False

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_code(self) -> str:
        _count(self.user)
        code = str(self.cleaned_data["code"]).replace(" ", "").replace("-", "")
        found = next((each for each in self._codes() if _is_valid(each, code)), None)
        if found is None:
            raise _refuse()
        found.user = self.user
        self.authenticator = found
        rates.forget(name=_guesses(self.user))
        return code

    def _codes(self) -> list[Authenticator]:
        known = Authenticator.objects.filter(user=self.user)
        return list(known.exclude(type=Authenticator.Type.WEBAUTHN).order_by("-type"))

    def save(self) -> None:
        post_authentication(context.request, self.authenticator, reauthenticated=self.again)


def _is_valid(authenticator: Authenticator, code: str) -> bool:
    if authenticator.type != Authenticator.Type.TOTP:
        return bool(authenticator.wrap().validate_code(code))
    if not totp.validate_totp_code(adapter.get_adapter().decrypt(authenticator.data["secret"]), code):
        return False
    return _is_first(authenticator.user_id, code)


def _is_first(person_id: Any, code: str) -> bool:
    """A code of the app opens nothing a second time, for as long as it is valid and longer."""
    wait = rates.take(name=f"code/{person_id}/{code}", per_minute=0.2, burst=1, at=clock.now())
    return wait is None


class CodeForm(_CodeForm):
    """After the password."""


class CodeAgainForm(_CodeForm):
    """Before a sensitive act."""

    again = True


class AppForm(forms.Form):
    """The first code of an app that is being set up."""

    code = forms.CharField(
        label=gettext_lazy("验证器上的六位数"),
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.secret = totp.get_totp_secret(regenerate=not self.is_bound)

    def clean_code(self) -> str:
        _count(self.user)
        code = str(self.cleaned_data["code"]).replace(" ", "")
        if not totp.validate_totp_code(self.secret, code) or not _is_first(self.user.pk, code):
            raise _refuse(_("这个数不对。请看验证器上现在的六位数。"))
        rates.forget(name=_guesses(self.user))
        return code


class _Credential(forms.JSONField):
    """What the browser says about a passkey; nothing but an object of a sensible size goes further."""

    widget = forms.HiddenInput
    default_error_messages: ClassVar = {"required": gettext_lazy("浏览器没有给出通行密钥。请再试一次。")}

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > LONGEST_KEY:
            raise _refuse()
        try:
            found = super().to_python(value)
        except (forms.ValidationError, RecursionError) as error:
            raise _refuse() from error
        if found is not None and not isinstance(found, dict):
            raise _refuse()
        return found


class NewKeyForm(forms.Form):
    """A passkey that is being set up. Each can be signed in with alone: it asks for a finger, a face or a PIN."""

    name = forms.CharField(label=gettext_lazy("名称"), required=False, max_length=40)
    credential = _Credential()

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        return name or adapter.get_adapter().generate_authenticator_name(
            self.user, Authenticator.Type.WEBAUTHN
        )

    def clean_credential(self) -> dict[str, Any]:
        credential: dict[str, Any] = self.cleaned_data["credential"]
        try:
            webauthn.parse_registration_response(credential)
            bound = webauthn.complete_registration(credential)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _refuse() from error
        if not bound.is_user_verified():
            raise _refuse(_("这个密钥没有核对是不是您本人（指纹、面容或 PIN），请换一个。"))
        return credential


class _KeyForm(forms.Form):
    """A passkey somebody shows."""

    credential = _Credential()
    again = False
    alone = False

    def __init__(self, *args: Any, user: Person | None = None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_credential(self) -> Authenticator:
        credential: dict[str, Any] = self.cleaned_data["credential"]
        if self.user is not None:
            _count(self.user)
        try:
            shown = webauthn.parse_authentication_response(credential)
            person = self.user or webauthn.extract_user_from_response(credential)
            found = webauthn.complete_authentication(person, credential)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _refuse() from error
        _check_counter(found, shown.response.authenticator_data.counter)
        if self.user is not None:
            rates.forget(name=_guesses(self.user))
        return found

    def save(self) -> None:
        found = self.cleaned_data["credential"]
        post_authentication(context.request, found, reauthenticated=self.again, passwordless=self.alone)


def _check_counter(authenticator: Authenticator, counter: int) -> None:
    """A key that counts its uses must have counted on; one that went back has been copied."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        before = int(row.data.get("counter", 0))
        if (counter or before) and counter <= before:
            raise _refuse(_("这个密钥像是被复制过，不能再用。请找本单位管理员。"))
        row.data["counter"] = counter
        row.save(update_fields=["data"])


class KeyForm(_KeyForm):
    """After the password."""


class KeyAgainForm(_KeyForm):
    """Before a sensitive act."""

    again = True


class KeyAloneForm(_KeyForm):
    """Instead of a password."""

    alone = True

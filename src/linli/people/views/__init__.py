"""Signing in and out, second factors, where one is signed in, and the post one acts under."""

from .factors import (
    add_passkey,
    app,
    codes,
    confirm,
    confirm_by_code,
    confirm_by_passkey,
    factors,
    new_codes,
    passkeys,
    remove_app,
    remove_passkey,
)
from .signing import closed, forgotten, login, logout, passkey, password, post, second_factor
from .signins import end_others, end_sign_in, heard, sign_ins

__all__ = [
    "add_passkey",
    "app",
    "closed",
    "codes",
    "confirm",
    "confirm_by_code",
    "confirm_by_passkey",
    "end_others",
    "end_sign_in",
    "factors",
    "forgotten",
    "heard",
    "login",
    "logout",
    "new_codes",
    "passkey",
    "passkeys",
    "password",
    "post",
    "remove_app",
    "remove_passkey",
    "second_factor",
    "sign_ins",
]

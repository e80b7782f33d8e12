"""Web Push: the key this server is known by, and the browsers that asked to be told."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from py_vapid import Vapid02

from linli.cases.actions import BadData
from linli.notify.models import PushAddress
from linli.notify.senders.addresses import Refused, parse

MOST = 5  # browsers of one person; an older one gives way


def public_key() -> str:
    """What a browser has to be told, as base64url: pushes then count only when signed with the other half."""
    key = vapid().public_key
    form = serialization.PublicFormat.UncompressedPoint
    point = key.public_bytes(serialization.Encoding.X962, form)
    return _encoded(point)


def vapid() -> Any:
    return _vapid(settings.VAPID_KEY)


@lru_cache(maxsize=4)
def _vapid(path: Path) -> Any:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Vapid02()
        made.generate_keys()
        made.save_key(str(path))
        path.chmod(0o600)
    return Vapid02.from_file(str(path))


def subscribe(*, person_id: UUID, given: Mapping[str, Any], at: datetime) -> PushAddress:
    """Remembers where a browser is reached. Raises BadData for what is no subscription."""
    keys = given.get("keys")
    endpoint = given.get("endpoint")
    if not isinstance(keys, dict) or not isinstance(endpoint, str) or len(endpoint) > 700:
        raise BadData({"push": _("浏览器给的地址不能用。")})
    try:
        parse(endpoint)
        point, secret = (_decoded(str(keys.get(name, ""))) for name in ("p256dh", "auth"))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        if len(secret) != 16:
            raise ValueError
    except (Refused, ValueError, binascii.Error):
        raise BadData({"push": _("浏览器给的地址不能用。")}) from None
    with transaction.atomic():
        row, _is_new = PushAddress.objects.update_or_create(
            endpoint=endpoint,
            defaults={
                "person_id": person_id,
                "p256dh": _encoded(point),
                "auth": _encoded(secret),
                "made_at": at,
            },
        )
        older = PushAddress.objects.filter(person_id=person_id).order_by("-made_at", "-id")[MOST:]
        PushAddress.objects.filter(pk__in=[each.pk for each in older]).delete()
    return row


def browsers_of(person_id: UUID | str) -> tuple[PushAddress, ...]:
    """All of somebody's browsers that are to be told: nobody knows which of their phones they have at hand."""
    return tuple(PushAddress.objects.filter(person_id=person_id).order_by("-made_at", "-id"))


def lost(address: PushAddress) -> None:
    """Forgets a browser that is not there any more."""
    PushAddress.objects.filter(pk=address.pk).delete()


def forget(*, person_id: UUID) -> None:
    """Pushes to none of somebody's browsers until one asks again."""
    PushAddress.objects.filter(person_id=person_id).delete()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

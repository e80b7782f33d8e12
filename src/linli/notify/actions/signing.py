"""How a webhook's receiver knows that a message is ours: the Standard Webhooks scheme, with a key id beside it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from linli.kit import codes
from linli.notify.models import Webhook

OVERLAP = timedelta(days=7)  # how long the key before signs, too
PREFIX = "whsec_"


def secret(webhook: Webhook, version: int) -> bytes:
    """The 32 bytes of one key, made from the server's own: nothing of it lies in the database."""
    return codes.keyed("webhook", webhook.pk.bytes + version.to_bytes(4))


def written(key: bytes) -> str:
    """A key as its receiver enters it."""
    return PREFIX + base64.b64encode(key).decode()


def versions(webhook: Webhook, at: datetime) -> list[int]:
    """The keys in force, the newest first."""
    is_overlapping = webhook.previous_until is not None and at < webhook.previous_until
    newest = webhook.key_version
    return [newest, newest - 1] if is_overlapping and newest > 1 else [newest]


def key_id(webhook: Webhook, version: int) -> str:
    return f"{webhook.pk}.{version}"


def headers(webhook: Webhook, message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Id, time, keys and signatures (one a key, in the order of the key ids) of a message sent at that moment."""
    stamp = str(int(at.timestamp()))
    known = versions(webhook, at)
    signatures = [signature(secret(webhook, version), message_id, stamp, body) for version in known]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-key-id": " ".join(key_id(webhook, version) for version in known),
        "webhook-signature": " ".join(signatures),
    }


def signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    signed = f"{message_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()

"""A push service on this machine, and a browser's half of what it takes to be pushed to."""

from __future__ import annotations

import base64
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

KEY = ec.generate_private_key(ec.SECP256R1())
AUTH = b"sixteen bytes ok"
POINT = KEY.public_key().public_bytes(
    serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


SUBSCRIPTION = {
    "endpoint": "https://push.example/send/abc",
    "keys": {"p256dh": _b64(POINT), "auth": _b64(AUTH)},
}


def opened(body: bytes) -> bytes:
    """What a push says, as only the browser it is for can read it."""
    return bytes(http_ece.decrypt(body, private_key=KEY, auth_secret=AUTH, version="aes128gcm"))


class Service(BaseHTTPRequestHandler):
    """A push service, and a text message gateway: keeps what it is sent and answers as told, by address."""

    got: list[tuple[str, dict[str, str], bytes]]
    status = 201
    statuses: ClassVar[dict[str, int]] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).got.append((self.path, dict(self.headers), body))
        self.send_response(type(self).statuses.get(self.path, type(self).status))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_parts: Any) -> None: ...

"""The ways out: one port, a sender that writes to a file for trying things out, and a real one for each way.

Which is used is a setting; nothing is set up means a file under `LINLI_VAR/outgoing`, never a lost message.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings
from pywebpush import WebPusher

from linli.notify.actions import mailings, notices, push, signins
from linli.notify.actions.notices import Letter
from linli.notify.models import Channel, PushAddress
from linli.notify.senders import guarded
from linli.notify.senders.addresses import Refused

SECONDS = 10.0
AT_A_TIME = 20
PUSH_KEPT = 24 * 3600
GONE = (404, 410)


class Undelivered(Exception):
    """It did not go out; `why` is one word. `is_gone`: nobody is there any more."""

    def __init__(self, why: str, *, is_gone: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.is_gone = is_gone


class Sender(Protocol):
    """One way out. Raises Undelivered."""

    def send(self, letter: Letter) -> None: ...


@dataclass(frozen=True)
class ToFile:
    """Appends what it was given to a file, one JSON object a line."""

    path: Path

    def send(self, letter: Letter) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = {"to": letter.to, "subject": letter.subject, "body": letter.body}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class Smtp:
    """E-mail by SMTP: `smtps://name:password@host:465`, `smtp+starttls://…:587` or plain `smtp://host:25`."""

    url: str
    sender: str

    def send(self, letter: Letter) -> None:
        message = self._written(letter)
        parts = urlsplit(self.url)
        try:
            with self._connected(parts.scheme, parts.hostname or "localhost", parts.port) as line:
                if parts.scheme == "smtp+starttls":
                    line.starttls(context=ssl.create_default_context())
                if parts.username:
                    line.login(unquote(parts.username), unquote(parts.password or ""))
                line.send_message(message)
        except smtplib.SMTPRecipientsRefused:
            raise Undelivered("recipient") from None
        except (OSError, smtplib.SMTPException, ValueError):
            raise Undelivered("smtp") from None

    def _written(self, letter: Letter) -> EmailMessage:
        """The mail; a line break in an address or a subject would begin a header of somebody's own, and is refused."""
        message = EmailMessage()
        try:
            message["From"], message["To"], message["Subject"] = self.sender, letter.to, letter.subject
        except (
            ValueError,
            IndexError,
            AttributeError,
        ):  # the two last: addresses email's parser stumbles over
            raise Undelivered("recipient") from None
        message.set_content(letter.body)
        return message

    def _connected(self, scheme: str, host: str, port: int | None) -> smtplib.SMTP:
        if scheme == "smtps":
            return smtplib.SMTP_SSL(host, port or 465, timeout=SECONDS, context=ssl.create_default_context())
        return smtplib.SMTP(host, port or 25, timeout=SECONDS)


@dataclass(frozen=True)
class SmsGateway:
    """A text message by a gateway's HTTP interface; `{to}` and `{text}` in its body are filled in, as JSON strings."""

    url: str
    body: str
    headers: Mapping[str, str]

    def send(self, letter: Letter) -> None:
        body = self.body.replace("{to}", json.dumps(letter.to)[1:-1])
        body = body.replace("{text}", json.dumps(letter.body, ensure_ascii=False)[1:-1])
        headers = {"Content-Type": "application/json; charset=utf-8", **self.headers}
        _post(self.url, headers, body.encode())


@dataclass(frozen=True)
class WebPush:
    """A push, encrypted for the browser and signed with this server's key (RFC 8030, 8291, 8292)."""

    contact: str

    def send(self, letter: Letter) -> None:
        """To every browser; it has gone out when one of them took it. One sent again replaces itself on the screen."""
        failed: list[Undelivered] = []
        for browser in letter.browsers:
            try:
                self._push(letter, browser)
            except Undelivered as error:
                failed.append(error)
                if error.is_gone:
                    push.lost(browser)
        if len(failed) == len(letter.browsers):
            left = next((error for error in failed if not error.is_gone), None)
            raise left or Undelivered("gone", is_gone=True)

    def _push(self, letter: Letter, address: PushAddress) -> None:
        info = {"endpoint": address.endpoint, "keys": {"p256dh": address.p256dh, "auth": address.auth}}
        content = json.dumps({"path": letter.path}).encode()
        encoded = WebPusher(info).encode(content, "aes128gcm")
        parts = urlsplit(address.endpoint)
        claims = {
            "sub": self.contact,
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(time.time()) + PUSH_KEPT // 2,
        }
        headers = {
            **push.vapid().sign(claims),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(PUSH_KEPT),
            "Urgency": "high",
        }
        _post(address.endpoint, headers, bytes(encoded["body"]))


def _post(url: str, headers: Mapping[str, str], body: bytes) -> None:
    try:
        answer = guarded.ask("POST", url, headers=headers, body=body)
    except Refused as error:
        raise Undelivered(f"refused_{error.why}") from None
    except guarded.Failed as error:
        raise Undelivered(error.why) from None
    if not 200 <= answer.status < 300:
        raise Undelivered(f"status_{answer.status}", is_gone=answer.status in GONE)


def ways() -> dict[str, Sender]:
    """The sender of each way, as this server is set up."""
    folder: Path = settings.OUTGOING
    mail: Sender = ToFile(folder / "email.jsonl")
    text: Sender = ToFile(folder / "sms.jsonl")
    if settings.SMTP_URL:
        mail = Smtp(settings.SMTP_URL, settings.MAIL_FROM)
    if settings.SMS_URL:
        text = SmsGateway(settings.SMS_URL, settings.SMS_BODY, settings.SMS_HEADERS)
    return {Channel.PUSH: WebPush(settings.PUSH_CONTACT), Channel.SMS: text, Channel.EMAIL: mail}


@dataclass
class Messenger:
    """Sends what is due, a few a round, each outside any transaction."""

    senders: dict[str, Sender] = field(default_factory=ways)

    def run(self, at: datetime) -> int:
        return sum(self._send(source, at) for source in (notices, mailings, signins))

    def _send(self, source: Any, at: datetime) -> int:
        """What is due of one source of letters, each noted there afterwards."""
        letters = source.claim(at=at, limit=AT_A_TIME)
        for letter in letters:
            try:
                self.senders[letter.channel].send(letter)
            except Undelivered as error:
                source.finish(letter=letter, error=error.why, at=at, is_gone=error.is_gone)
            else:
                source.finish(letter=letter, error="", at=at)
        return len(letters)

"""`linli witness`: keeps watch over a log from another office, with its own folder and its own key."""

from __future__ import annotations

import sys
import threading
from datetime import datetime
from pathlib import Path
from signal import SIGTERM, signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.kit import clock
from linli.ledger import notes
from linli.ledger.actions import keys
from linli.ledger.notes import Checkpoint, Key, NoteError
from linli.ledger.witness import SECRET, Alarm, Offer, Store
from linli.ops import watching

UNREACHABLE, BAD_INPUT, ALARM = 1, 2, 3


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _(
            "见证：核对日志只增不改，会签，自己留底；发现分叉或倒退就报警，以 3 退出。不需要数据库"
        )
        parser.add_argument(
            "--store", required=True, metavar="DIR", help=_("留底的文件夹，里面也放自己的密钥")
        )
        parser.add_argument("--url", default="", metavar="URL", help=_("日志所在的网站，https://…"))
        parser.add_argument(
            "--file", default="", metavar="FILE", help=_("不联网：会签 linli checkpoint 写的文件")
        )
        parser.add_argument("--name", default="witness", help=_("自己的名称，第一次运行时写进密钥"))
        parser.add_argument(
            "--log-key", default="", metavar="KEY", help=_("日志的公钥；不写的，第一次见到的就认定")
        )
        parser.add_argument("--every", type=int, default=60, metavar="SECONDS", help=_("多久看一次"))
        parser.add_argument("--once", action="store_true", help=_("只看一次"))
        parser.add_argument(
            "--accept",
            default="",
            metavar="REASON",
            help=_("日志从备份恢复而倒退了：写明缘由，照新的接着见证"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        store = Store(Path(options["store"]))
        if bool(options["url"]) == bool(options["file"]):
            raise CommandError(_("请给 --url 或 --file 其中一个。"), returncode=BAD_INPUT)
        try:
            with watching.held(store):
                self._work(store, options)
        except BlockingIOError:
            raise CommandError(_("这个文件夹里已有一个见证在运行。"), returncode=BAD_INPUT) from None
        except NoteError as error:
            raise CommandError(_("看不懂：%(error)s") % {"error": error}, returncode=BAD_INPUT) from error

    def _work(self, store: Store, options: dict[str, Any]) -> None:
        secret = keys.read_or_make(store.folder / SECRET, options["name"], notes.WITNESS)
        if options["log_key"] and store.log is None:
            store.pin(Key.parse(options["log_key"]))
        if store.log is not None and options["log_key"] and str(store.log) != options["log_key"]:
            raise CommandError(_("日志的公钥和第一次认定的不同。"), returncode=BAD_INPUT)
        self.stderr.write(_("见证的公钥（写进日志一方的 LINLI_WITNESSES）：%(key)s") % {"key": secret.key})
        if options["file"]:
            self._sign_file(store, secret, options)
            return
        stop = threading.Event()
        signal(SIGTERM, lambda *_unused: stop.set())
        with watching.client(options["url"]) as client:
            while not stop.is_set():
                is_well = self._round(store, secret, watching.Log(client), options)
                if options["once"]:
                    if not is_well:
                        sys.exit(UNREACHABLE)
                    return
                stop.wait(options["every"])

    def _round(self, store: Store, secret: notes.Secret, log: watching.Log, options: dict[str, Any]) -> bool:
        """One look. What the network does is told and tried again; what the log does wrong ends the program."""
        at = clock.now()
        try:
            key, is_new = watching.pinned(store, log)
            if is_new:
                self.stderr.write(_("第一次见到这个日志，认定它的公钥，请另外核对：%(key)s") % {"key": key})
            found = watching.shown(log, store.newest())
            if found is None:
                self.stderr.write(_("日志还是空的。"))
                return True
            signed = watching.sign(
                store=store,
                secret=secret,
                key=key,
                note=found[0],
                proof=found[1],
                at=at,
                reason=options["accept"],
            )
            options["accept"] = ""
            self.stdout.write(_told(signed, at))
            log.give(signed)
        except Alarm as alarm:
            self._cry(alarm)
        except watching.Unreachable as error:
            self.stderr.write(_("日志没有答复：%(error)s") % {"error": error})
            return False
        except watching.NotTaken as error:
            self.stderr.write(_("留了底，但日志一方不收会签：%(error)s") % {"error": error})
            return False
        return True

    def _sign_file(self, store: Store, secret: notes.Secret, options: dict[str, Any]) -> None:
        offer = Offer.parse(Path(options["file"]).read_text(encoding="utf-8"))
        key = store.log
        if key is None:
            raise CommandError(_("第一次请用 --log-key 给出日志的公钥。"), returncode=BAD_INPUT)
        try:
            signed = watching.sign(
                store=store,
                secret=secret,
                key=key,
                note=offer.note,
                proof=list(offer.proof),
                at=clock.now(),
                reason=options["accept"],
            )
        except Alarm as alarm:
            self._cry(alarm)
        else:
            self.stdout.write(str(signed), ending="")

    def _cry(self, alarm: Alarm) -> None:
        """Loudly: what is wrong, and that both signed checkpoints are kept."""
        said = {
            "signature": _("签名不是这个日志的"),
            "origin": _("不是这个日志"),
            "back": _("日志倒退了：记录少了，末尾被删去，或者换回了旧的数据库"),
            "fork": _("日志分叉了：以前的记录被改动、删去或插入"),
        }[alarm.kind]
        self.stderr.write(_("警报！%(said)s。没有会签；两份检查点都留了底，是证据。") % {"said": said})
        sys.exit(ALARM)


def _told(signed: notes.Note, at: datetime) -> str:
    words = {"size": Checkpoint.parse(signed.text).size, "at": f"{at:%Y-%m-%d %H:%M:%S}Z"}
    return _("%(at)s 会签到第 %(size)d 条") % words

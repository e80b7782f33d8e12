"""`linli keys status|new|rotate|retire|copy`: the keys under which the database holds what it cannot read."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.documents.actions import sealing as photos
from linli.kit import sealing
from linli.kit.sealing import keys, rotation, vault

ALGORITHMS = tuple(keys.ALGORITHMS)


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("加密存放的内容所用的密钥：查看、换新、停用，以及另存案件密钥")
        verbs = parser.add_subparsers(dest="verb", metavar="status|new|rotate|retire|copy")
        verbs.add_parser("status", help=_("有哪些密钥，各自还有多少内容在用"))
        new = verbs.add_parser("new", help=_("加一把新的密钥，以后写的内容都用它"))
        new.add_argument("--algorithm", choices=ALGORITHMS, default=ALGORITHMS[0])
        verbs.add_parser("rotate", help=_("把旧密钥加密的内容分批换成现在的密钥；中断后再运行一次就接着做"))
        retire = verbs.add_parser("retire", help=_("停用一把已经没有内容在用的密钥，以后它什么都打不开"))
        retire.add_argument("number", type=int, metavar="N")
        copy = verbs.add_parser("copy", help=_("把案件密钥另存到一个目录；销毁过的在那里也一并销毁"))
        copy.add_argument("folder", type=Path, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        verb = options["verb"] or "status"
        try:
            getattr(self, f"_{verb}")(options)
        except sealing.KeyringError as error:
            raise CommandError(_("没有做成：%(reason)s") % {"reason": error}) from error

    def _status(self, options: dict[str, Any]) -> None:
        ring, used = sealing.keyring(), rotation.in_use()
        for number, key in sorted(ring.keys.items()):
            mark = _("现在用") if number == ring.current_id else ""
            said = {"n": number, "algorithm": key.algorithm, "used": used[number], "mark": mark}
            self.stdout.write(_("密钥 %(n)d  %(algorithm)s  %(used)d 处在用  %(mark)s") % said)
        for number in sorted(set(used) - set(ring.keys)):
            said = {"n": number, "used": used[number]}
            self.stdout.write(_("密钥 %(n)d  不在钥匙串里  %(used)d 处打不开") % said)
        cases = list(vault.cases())
        gone = sum(vault.is_shredded(case) for case in cases)
        said = {"n": len(cases) - gone, "gone": gone}
        self.stdout.write(_("案件密钥 %(n)d 件，已销毁 %(gone)d 件") % said)

    def _new(self, options: dict[str, Any]) -> None:
        ring = rotation.start(options["algorithm"])
        said = {"n": ring.current_id, "algorithm": ring.current.algorithm}
        self.stdout.write(_("现在用密钥 %(n)d（%(algorithm)s）。请再运行 linli keys rotate。") % said)

    def _rotate(self, options: dict[str, Any]) -> None:
        done: Counter[str] = Counter()
        for step in rotation.go_over():
            done.update(step)
        done["resealed"] += photos.go_over()
        self.stdout.write(_("换好 %(n)d 处。") % {"n": done["resealed"]})
        if done["unreadable"]:
            raise CommandError(_("有 %(n)d 处打不开，没有动。") % {"n": done["unreadable"]})

    def _retire(self, options: dict[str, Any]) -> None:
        photos.go_over()  # what lies on the disk under that key is not counted
        rotation.retire(options["number"])
        self.stdout.write(_("密钥 %(n)d 已停用。钥匙串的旧副本也请销毁。") % {"n": options["number"]})

    def _copy(self, options: dict[str, Any]) -> None:
        """Over what is there: a file emptied of its keys replaces the one that still has them."""
        folder = options["folder"]
        Path(settings.CASE_KEYS).mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(settings.CASE_KEYS, folder, dirs_exist_ok=True)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        self.stdout.write(_("案件密钥已另存到 %(folder)s。") % {"folder": folder})

"""`linli verify`: hashes everything again, up to what the witness signed, and says what was changed, and where."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.ledger import notes, witness
from linli.ledger.actions import keys, verifying
from linli.ledger.models import Leaf

SHOWN, NAMED, BAD_INPUT = 50, 10, 2


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _(
            "重算全部记录、日志和签名；被改动、删去、添加或截掉的，说出是什么、在哪里，并以 1 退出"
        )
        parser.add_argument(
            "--from-witness",
            default="",
            metavar="FILE",
            help=_("见证留底的 checkpoints.jsonl，由见证一方提供"),
        )
        parser.add_argument("--json", action="store_true", help=_("输出 JSON"))
        parser.add_argument(
            "--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help=_("用几个进程")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        kept = _kept(options["from_witness"]) if options["from_witness"] else None
        found = verifying.verify(kept=kept, jobs=max(options["jobs"], 1))
        took = time.monotonic() - started
        if options["json"]:
            said = {**asdict(found), "seconds": round(took, 2)}
            self.stdout.write(json.dumps(said, default=str, ensure_ascii=False))
        else:
            self._tell(found, took)
        if found.faults:
            sys.exit(1)

    def _tell(self, found: verifying.Found, took: float) -> None:
        for fault in found.faults[:SHOWN]:
            self.stdout.write(f"✗ {where(fault)}{words(fault)}")
        if len(found.faults) > SHOWN:
            self.stdout.write(_("……还有 %(n)d 处") % {"n": len(found.faults) - SHOWN})
        counted = {"rows": found.rows, "bad": len(found.faults), "seconds": took}
        self.stdout.write(_("核对了 %(rows)d 条记录，%(bad)d 处不对，用时 %(seconds).1f 秒。") % counted)
        for line in covered(found):
            self.stdout.write(line)


def covered(found: verifying.Found) -> list[str]:
    """What this result rests on, said plainly: which rows somebody else vouches for, and which only the chain."""
    lines = [_("日志有 %(size)d 条，签到第 %(signed)d 条。") % {"size": found.size, "signed": found.signed}]
    newer = max(found.size - found.witnessed, 0) + found.waiting
    if found.is_from_witness:
        lines.append(_("见证留底到第 %(n)d 条：到那里为止，改动瞒不过。") % {"n": found.witnessed})
    elif found.witnessed:
        lines.append(_("见证会签到第 %(n)d 条，可是存在这里的会签能被删掉。") % {"n": found.witnessed})
        lines.append(_("要防掌管数据库的人，用 --from-witness 对照见证自己的留底。"))
    else:
        lines.append(_("没有见证：掌管这台机器的人若把链和签名一起重做，这里看不出来。"))
    if newer and found.witnessed:
        lines.append(_("更新的 %(n)d 条只有链在保护，等下一次会签。") % {"n": newer})
    if found.accepted:
        lines.append(_("见证曾接受日志倒退：%(reason)s") % {"reason": found.accepted})
    return lines


def where(fault: verifying.Fault) -> str:
    """The case and its number there, or the positions in the log and the cases they belong to."""
    if fault.subject is not None:
        number = Case.objects.filter(pk=fault.subject).values_list("number", flat=True).first()
        if number is None and (kind := kinds().get(fault.kind)) is not None:
            return _("%(kind)s %(id)s：") % {"kind": kind, "id": fault.subject}
        said = {"case": number or fault.subject, "n": fault.number}
        return _("%(case)s 第 %(n)d 条：") % said if fault.number else _("%(case)s：") % said
    leaves = Leaf.objects.filter(position__range=(fault.position, fault.until))
    ids = list(leaves.order_by("position").values_list("case_id", flat=True).distinct()[: NAMED + 1])
    numbers = list(Case.objects.filter(pk__in=ids).order_by("number").values_list("number", flat=True))
    span = {"a": fault.position, "b": fault.until}
    place = (
        _("日志第 %(a)d 条：") % span
        if fault.position == fault.until
        else _("日志第 %(a)d 到 %(b)d 条：") % span
    )
    if numbers and len(ids) <= NAMED:
        place = place[:-1] + _("（%(cases)s）：") % {"cases": ", ".join(numbers)}
    return place


def kinds() -> dict[str, str]:
    """What rows that are no event of a case are called."""
    return {
        "read": _("查阅记录"),
        "takeout": _("导出记录"),
        "glass": _("越出管辖打开的记录"),
        "claim": _("提出的个人信息要求"),
        "answer": _("个人信息要求的答复"),
        "deletion": _("删除记录"),
        "lock": _("封存记录"),
        "unlock": _("解除封存的记录"),
        "hold": _("暂不删的记录"),
        "release": _("放开的记录"),
        "change": _("管理记录"),
        "round": _("考评记录"),
    }


def words(fault: verifying.Fault) -> str:
    """What is wrong, in a sentence."""
    return {
        "gap": _("少了一条，或者编号重了"),
        "payload": _("说过的话被改了"),
        "leaf": _("这一条被改了"),
        "link": _("接不上前一条"),
        "head": _("末尾的记录被删去或添加了"),
        "version": _("条数对不上"),
        "no_events": _("经过全没有了"),
        "no_case": _("只剩经过，没有这件事"),
        "unlogged": _("没有经过日志就插进来了"),
        "changed": _("和日志里登记的不同"),
        "gone": _("日志里有，记录被删了"),
        "hole": _("记录连同日志里的登记都被删了"),
        "moved": _("次序被动过"),
        "tile": _("日志的树和记录不同"),
        "checkpoint": _("和日志自己签过的不同，改动在这一段里"),
        "signature": _("检查点的签名是假的"),
        "witness": _("和见证签过的不同，改动在这一段里"),
        "cut": _("见证见过，现在没有了：末尾被截掉，或者换回了旧的数据库"),
    }.get(fault.what, fault.what)


def _kept(name: str) -> list[witness.Entry]:
    path = Path(name)
    path = path / witness.KEPT if path.is_dir() else path
    try:
        entries = witness.entries(path)
    except (OSError, notes.NoteError) as error:
        raise CommandError(_("看不懂：%(error)s") % {"error": error}, returncode=BAD_INPUT) from error
    if not entries:
        raise CommandError(_("%(path)s 里没有检查点。") % {"path": path}, returncode=BAD_INPUT)
    if not any(entry.note.witnessed_by(key) for key in keys.witnesses() for entry in entries[-1:]):
        sys.stderr.write(_("注意：留底不是 LINLI_WITNESSES 里的见证签的。") + "\n")
    return entries

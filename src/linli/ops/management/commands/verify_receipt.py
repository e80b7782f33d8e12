"""`linli verify-receipt FILE`: checks a receipt with nothing but the public key and a checkpoint. Needs no database."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.kit import clock
from linli.ledger import receipts
from linli.ledger.actions import keys
from linli.ledger.notes import Key, Note, NoteError

FORGED, BAD_INPUT = 1, 2


class Command(BaseCommand):
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The usage line names the command as it is typed; a module's name has no hyphen."""
        return super().create_parser(prog_name, subcommand.replace("_", "-"), **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("核对一份回执：签名、内容、在日志里的位置。不需要数据库，不对的以 1 退出")
        parser.add_argument("file", metavar="FILE", help=_("回执的 JSON 文件"))
        parser.add_argument(
            "--key", default="", metavar="PUB", help=_("日志的公钥，或写着它的文件；不写就用本机的")
        )
        parser.add_argument(
            "--checkpoint", default="", metavar="FILE", help=_("另外得到的检查点，例如见证给的")
        )
        parser.add_argument(
            "--witness", action="append", default=[], metavar="PUB", help=_("见证的公钥，可写多次")
        )
        parser.add_argument("--json", action="store_true", help=_("输出 JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            verdict = _verdict(options)
        except (OSError, UnicodeDecodeError, NoteError, receipts.ReceiptError) as error:
            raise CommandError(_("看不懂：%(error)s") % {"error": error}, returncode=BAD_INPUT) from error
        if options["json"]:
            steps = {step.name: step.is_good for step in verdict.steps}
            said = {
                "is_good": verdict.is_good,
                "steps": steps,
                "statement": verdict.statement,
                "said": verdict.said,
            }
            self.stdout.write(json.dumps(said, ensure_ascii=False, indent=2))
        else:
            for line in told(verdict):
                self.stdout.write(line)
        if not verdict.is_good:
            sys.exit(FORGED)


def told(verdict: receipts.Verdict) -> list[str]:
    """What the receipt says and how each check came out, a line each."""
    lines = [
        _("编号 %(case)s，%(at)s 收到")
        % {"case": verdict.statement.get("case"), "at": clock.written(verdict.statement.get("received_at"))},
        *(
            _("答应的日期：%(due)s（%(limit)s）")
            % {"due": clock.written(each.get("due_at")) or "—", "limit": each.get("limit")}
            for each in verdict.statement.get("promises") or []
        ),
    ]
    sentences = {
        "signature": (_("签名是这个日志的"), _("签名不对：不是这个日志签的，或者改过")),
        "said": (_("内容和签过的一致"), _("内容和签过的不一致")),
        "record": (_("日志里登记的就是它"), _("日志里登记的不是它")),
        "proof": (_("在日志里，证明成立"), _("证明不成立：不在这个日志里")),
        "checkpoint": (_("和另外得到的检查点一致"), _("和另外得到的检查点不同")),
        "witness": (_("有见证会签"), ""),
    }
    for step in verdict.steps:
        good, bad = sentences[step.name]
        if step.is_good is not None:
            lines.append(f"{'✓' if step.is_good else '✗'} {good if step.is_good else bad}")
    if verdict.of("proof") is None:
        lines.append(_("还没有证明：一分钟以后用查询码再下载一次回执。"))
    elif verdict.is_good and verdict.of("witness") is None:
        lines.append(_("没有查见证的会签：用 --witness 给出见证的公钥。"))
    return lines


def _verdict(options: dict[str, Any]) -> receipts.Verdict:
    receipt = receipts.read(Path(options["file"]).read_text(encoding="utf-8"))
    if not options["key"] and not keys.is_here():
        raise CommandError(
            _("这台机器上没有日志的公钥。请用 --key 给出：网站的 /log/key，最好是公示栏上印的。"),
            returncode=BAD_INPUT,
        )
    key = Key.parse(_text(options["key"])) if options["key"] else keys.public()
    kept = (
        Note.parse(Path(options["checkpoint"]).read_text(encoding="utf-8")) if options["checkpoint"] else None
    )
    witnesses = [Key.parse(_text(each)) for each in options["witness"]] or keys.witnesses()
    return receipts.check(receipt, key=key, witnesses=witnesses, checkpoint=kept)


def _text(given: str) -> str:
    """A key as it is, or the first line of the file that holds it."""
    if "+" in given and not Path(given).exists():
        return given
    return Path(given).read_text(encoding="utf-8").split("\n")[0]

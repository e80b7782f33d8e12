"""`linli import requests FILE --mapping NAME`: what it takes, shows on the way and says in the end."""

from __future__ import annotations

import csv
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from linli.kit import clock
from linli.ops.imports import rehearsal, sharing
from linli.service_requests import imports

SHOWN_REJECTS = 20
SPREADSHEET_FORMULA = tuple("=+-@|%\t\r＝＋－＠｜％")  # a cell beginning so would be worked out, not shown


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("--mapping", metavar="NAME|FILE.toml", default="", help=_mapping_help())
    parser.add_argument("--dry-run", action="store_true", help=_("只试读并逐列报告，什么也不写入"))
    parser.add_argument(
        "--draft", action="store_true", help=_("按文件的列名起草一张对照表，写到标准输出；不导入")
    )
    parser.add_argument("--limit", type=_count, default=None, metavar="N", help=_("只读前 N 行"))
    parser.add_argument(
        "--rejects", type=Path, default=None, metavar="FILE", help=_("把没有导入的行和原因写进这个 CSV 文件")
    )


def _mapping_help() -> str:
    """Where a mapping comes from, and those of the package."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    known = "; ".join(
        f"{name} ({imports.read_mapping(name).label[language]})" for name in imports.mapping_names()
    )
    said = _(
        "对照表：自带的名称，或自己写的 .toml 文件（写法见 docs/import.md，可用 --draft 起草）。自带：%(known)s"
    )
    return (said % {"known": known}).replace("%", "%%")


def _count(written: str) -> int:
    if not written.isdecimal() or not int(written):
        raise ArgumentTypeError(_("“%(found)s”不是正整数。") % {"found": written})
    return int(written)


def run(command: BaseCommand, options: dict[str, Any]) -> str:
    """Batch by batch, each committed whole: after Ctrl-C the same command goes on where it stopped."""
    path = Path(options["file"])
    try:
        if options["draft"]:
            return imports.draft(path)
        if not options["mapping"]:
            known = ", ".join(imports.mapping_names())
            said = _("请用 --mapping 写明对照表（自带的有：%(known)s），或用 --draft 起草一张。")
            raise CommandError(said % {"known": known})
        mapping = imports.read_mapping(options["mapping"])
        _require_writable(options["rejects"])
        source = imports.Source(path, mapping)
        return (_rehearse if options["dry_run"] else _take_in)(command, source, mapping, options)
    except (imports.MappingError, imports.FileRefused) as refusal:
        raise CommandError(str(refusal)) from refusal


def _rehearse(
    command: BaseCommand, source: imports.Source, mapping: imports.Mapping, options: dict[str, Any]
) -> str:
    with _bar(source, options["limit"]) as tell:
        found = imports.rehearse(
            source=source, mapping=mapping, at=clock.now(), limit=options["limit"], tell=tell
        )
    command.stdout.write(rehearsal.shown(found, mapping))
    _report(command, found.rejects, options["rejects"])
    said = _(
        "试读了 %(rows)d 行，什么也没有写入：会新导入 %(new)d 件，已导入过 %(known)d 件，不导入 %(rejected)d 行。"
    )
    return said % {**vars(found), "rejected": len(found.rejects)}


def _take_in(
    command: BaseCommand, source: imports.Source, mapping: imports.Mapping, options: dict[str, Any]
) -> str:
    outcome = imports.Outcome()
    try:
        job = sharing.Job(source, mapping, clock.now(), options["limit"])
        with _bar(source, options["limit"]) as tell:
            job.run(outcome, tell)
    except KeyboardInterrupt:
        said = _("已中断。导入的 %(new)d 件都是完整的；再运行一次同样的命令，会接着导入。")
        command.stderr.write(said % vars(outcome))
        raise SystemExit(130) from None
    finally:
        _report(command, outcome.rejects, options["rejects"])
    return _("读了 %(rows)d 行：新导入 %(new)d 件，以前已导入 %(known)d 件，没有导入 %(rejected)d 行。") % {
        **vars(outcome),
        "rejected": len(outcome.rejects),
    }


@contextmanager
def _bar(source: imports.Source, limit: int | None) -> Iterator[Callable[[imports.Outcome], None]]:
    """A progress bar by the bytes read, or by rows where only so many are wanted; nothing where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(source.path.name, total=limit or source.size)

        def tell(outcome: imports.Outcome) -> None:
            done = outcome.rows if limit else source.position
            cases = _("%(count)d 件") % {"count": outcome.new + outcome.known}
            progress.update(task, completed=done, description=f"{source.path.name} · {cases}")

        yield tell


def _report(command: BaseCommand, rejects: list[imports.Reject], path: Path | None) -> None:
    """Writes every row not taken in to the rejects file, and the first ones for the reader to see."""
    if path is not None:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["row", "column", "reason"])
            writer.writerows(
                [reject.row, _shown_plainly(reject.column), _shown_plainly(reject.reason)]
                for reject in rejects
            )
    for reject in rejects[:SHOWN_REJECTS]:
        command.stderr.write(str(reject))
    if len(rejects) > SHOWN_REJECTS:
        more = _("另有 %(count)d 行没有导入；用 --rejects FILE 可得到全部清单。")
        command.stderr.write(more % {"count": len(rejects) - SHOWN_REJECTS})


def _require_writable(path: Path | None) -> None:
    """Better said before the import than after it."""
    try:
        if path is not None:
            path.touch()
    except OSError as error:
        message = _("写不了文件 %(path)s：%(reason)s") % {"path": path, "reason": error.strerror}
        raise CommandError(message) from error


def _shown_plainly(cell: str) -> str:
    return f"'{cell}" if cell.lstrip().startswith(SPREADSHEET_FORMULA) else cell

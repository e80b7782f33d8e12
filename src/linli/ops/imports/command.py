"""`linli import requests FILE --mapping NAME`: what it takes, shows on the way and says in the end."""

from __future__ import annotations

import csv
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from linli.kit import clock
from linli.ops.imports import sharing
from linli.service_requests import imports

SHOWN_REJECTS = 20
SPREADSHEET_FORMULA = tuple("=+-@\t\r＝＋－＠")  # a cell beginning so would be worked out, not shown


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("--mapping", required=True, metavar="NAME", help=", ".join(imports.mapping_names()))
    parser.add_argument("--limit", type=_count, default=None, metavar="N")
    parser.add_argument("--rejects", type=Path, default=None, metavar="FILE")


def _count(written: str) -> int:
    if not written.isdecimal() or not int(written):
        raise ArgumentTypeError(_("“%(found)s”不是正整数。") % {"found": written})
    return int(written)


def run(command: BaseCommand, options: dict[str, Any]) -> str:
    """Batch by batch, each committed whole: after Ctrl-C the same command goes on where it stopped."""
    outcome = imports.Outcome()
    _require_writable(options["rejects"])
    try:
        mapping = imports.read_mapping(options["mapping"])
        source = imports.Source(Path(options["file"]), mapping)
        job = sharing.Job(source, mapping, clock.now(), options["limit"])
        with _bar(source, options["limit"]) as tell:
            job.run(outcome, tell)
    except (imports.MappingError, imports.FileRefused) as refusal:
        raise CommandError(str(refusal)) from refusal
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
            writer.writerows([reject.row, reject.column, _shown_plainly(reject.reason)] for reject in rejects)
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
    return f"'{cell}" if cell.startswith(SPREADSHEET_FORMULA) else cell

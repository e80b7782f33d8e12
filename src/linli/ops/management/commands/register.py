"""`linli register [--check|--missing]`: docs/processing-record.md, the record of processing from data/register.toml."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.privacy.actions import register, retention

DOCUMENT = Path(settings.PACKAGE).parent.parent / "docs" / "processing-record.md"
HEAD = """# Record of processing · 个人信息处理活动记录

Written by `linli register` from `src/linli/privacy/data/register.toml`; do not edit it by hand. Every column of every
table stands here: what for, on which ground, what kind of data, who sees it, how long it is kept
(个人信息保护法 51, 55, 56).
"""  # zh: the law's own words
LANGUAGES = ("zh", "en")


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("按登记表写出 docs/processing-record.md。")
        parser.add_argument("--check", action="store_true", help=_("只检查，不写；过时就报错"))

        parser.add_argument("--missing", action="store_true", help=_("列出登记表里还没有的字段"))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["missing"]:
            self.stdout.write("\n".join(missing()))
            return
        wanted = page()
        if options["check"]:
            if not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != wanted:
                raise CommandError(_("docs/processing-record.md 过时了，请运行 linli register。"))
            return
        DOCUMENT.write_text(wanted, encoding="utf-8")
        self.stdout.write(f"{DOCUMENT}\n")


def page() -> str:
    """The whole document."""
    lines = [HEAD, *_summary(), *_rules()]
    for table, columns in groupby(register.columns(), key=lambda column: column.table):
        lines += _table(table, list(columns))
    return "\n".join(lines) + "\n"


def missing() -> Iterator[str]:
    """Lines to be filled in for what the register does not cover; a kind of `?` is none, so nothing passes unread."""
    known = register.tables()
    for model in apps.get_models():
        label = model._meta.label
        held = [field.name for field in model._meta.concrete_fields if field.column]
        lacking = [name for name in held if name not in known.get(label, {}).get("columns", {})]
        if lacking and label not in known:
            yield f'[tables."{label}"]\npurpose = {{ zh = "?", en = "?" }}\nbasis = "?"\nwho = "?"\nretention = "?"\n'
        if lacking:
            yield f'[tables."{label}".columns]'
            yield from (f'{name} = "?"' for name in lacking)


def _both(field: str, code: str) -> str:
    return " · ".join(register.word(field, code, language) for language in LANGUAGES)


def _summary() -> Iterator[str]:
    every = list(register.columns())
    personal = sum(register.is_personal(column.kind) for column in every)
    tables = len({column.table for column in every})
    yield f"{tables} tables, {len(every)} columns, {personal} of them about people.\n"


def _rules() -> Iterator[str]:
    yield "## Terms · 保存期限\n"  # zh: a page of docs, in both languages
    yield "| rule | kinds of case | years | source |\n|---|---|---|---|"
    for rule in retention.rules().values():
        kinds = ", ".join(rule.kinds) or "records of reads"
        yield f"| `{rule.name}` | {kinds} | {rule.years} | {rule.source_zh} · {rule.source_en} |"
    yield ""


def _table(table: str, columns: list[register.Column]) -> Iterator[str]:
    first = columns[0]
    yield f"## {table}\n"
    yield f"{first.purpose_zh} · {first.purpose_en}\n"
    yield "| column | kind · 种类 | ground · 依据 | seen by · 谁看得到 | kept · 保存 |"  # zh: as above
    yield "|---|---|---|---|---|"
    for column in columns:
        cells = [_both(field, getattr(column, field)) for field in ("kind", "basis", "who", "retention")]
        yield f"| `{column.name}` | {' | '.join(cells)} |"
    yield ""

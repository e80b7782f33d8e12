"""`linli import orgs|boundaries|requests|mediations FILE`: data from outside. Faulty units are refused whole."""

# ruff: noqa: N999  the command is called import

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kit import clock
from linli.ops import imports
from linli.ops.imports import mediations
from linli.orgs import actions as orgs
from linli.orgs.models import Organisation

Options = dict[str, Any]


@dataclass(frozen=True)
class Subcommand:
    """One kind of file: the options it takes, and what takes it in and says what came of it."""

    help: Promise
    add_arguments: Callable[[CommandParser], None]
    run: Callable[[BaseCommand, Options], str]


def _orgs_arguments(parser: CommandParser) -> None:
    parser.add_argument("--county", default="", metavar="CODE")
    parser.add_argument("--county-name", default="", metavar="NAME")


def _import_orgs(command: BaseCommand, options: Options) -> str:
    """Units from a CSV of statistics codes, or departments from a TOML file."""
    path, code = Path(options["file"]), options["county"]
    content, at = orgs.read_file(path), clock.now()
    if path.suffix == ".toml":
        return str(orgs.import_departments(content, county=_county(code), by=None, at=at))
    rows = orgs.read_units(content)
    code = code or orgs.county_of(rows)
    name, name_en = orgs.county_known(code)
    report = orgs.import_units(
        rows,
        by=None,
        at=at,
        county_code=code,
        county_name=options["county_name"] or name,
        county_name_en="" if options["county_name"] else name_en,
    )
    return str(report)


def _county(code: str) -> Organisation:
    counties = Organisation.objects.standing().filter(parent=None)
    county = (counties.filter(code=code) if code else counties.order_by("code")).first()
    if county is None:
        raise CommandError(_("还没有这个县，请先用 linli import orgs 导入乡镇和村。"))
    return county


def _boundaries_arguments(parser: CommandParser) -> None:
    parser.add_argument("--source", default="", metavar="TEXT")
    parser.add_argument("--sketch", action="store_true")


def _import_boundaries(command: BaseCommand, options: Options) -> str:
    path = Path(options["file"])
    count = orgs.import_boundaries(
        orgs.read_file(path), source=options["source"] or path.name, is_sketch=options["sketch"]
    )
    return _("已导入 %(count)d 个单位的边界。") % {"count": count}


SUBCOMMANDS = {
    "orgs": Subcommand(gettext_lazy("乡镇和村（.csv）或部门（.toml）"), _orgs_arguments, _import_orgs),
    "boundaries": Subcommand(
        gettext_lazy("边界（.geojson，WGS-84）"), _boundaries_arguments, _import_boundaries
    ),
    "requests": Subcommand(gettext_lazy("别处的事项记录，按对照表导入"), imports.add_arguments, imports.run),
    "mediations": Subcommand(
        gettext_lazy("已公布的调解案例（.jsonl），每行一件"), mediations.add_arguments, mediations.run
    ),
}


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("从文件导入组织、边界、事项或调解案例；组织和边界的文件有错就整份不导入")
        kinds = parser.add_subparsers(dest="kind", required=True, metavar="|".join(SUBCOMMANDS))
        for name, subcommand in SUBCOMMANDS.items():
            kind = kinds.add_parser(name, help=str(subcommand.help))
            kind.add_argument("file", metavar="FILE")
            subcommand.add_arguments(kind)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            said = SUBCOMMANDS[options["kind"]].run(self, options)
        except orgs.OrganisationError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(said)

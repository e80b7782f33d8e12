"""`linli dossier NUMBER --out FILE.pdf|.docx`: the whole file of a mediation (一案一卷), as one document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.kit import clock, codes
from linli.mediation.actions import dossier
from linli.mediation.actions.reading import open_content
from linli.mediation.models import Mediation
from linli.people.access import SYSTEM

ENDINGS = (".pdf", ".docx")


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("把一件调解的整卷文书写成一个 PDF 或 DOCX 文件")
        parser.add_argument("number", help=_("编号，或者卷号"))
        parser.add_argument(
            "--out", type=Path, required=True, metavar="FILE", help=_("写到这个文件，以 .pdf 或 .docx 结尾")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["out"]
        if path.suffix.lower() not in ENDINGS:
            raise CommandError(_("文件名要以 .pdf 或 .docx 结尾：%(path)s") % {"path": path})
        matter = _find(options["number"])
        at = clock.now()
        open_content(case=matter.case, actor=SYSTEM, purpose="technical", what="dossier", at=at)
        make = dossier.dossier_pdf if path.suffix.lower() == ".pdf" else dossier.dossier_docx
        content = make(matter.case_id, at)
        try:
            path.write_bytes(content)
        except OSError as error:
            raise CommandError(
                _("写不进 %(path)s：%(why)s") % {"path": path, "why": error.strerror}
            ) from error
        lines = dossier.contents(matter)
        held = sum(1 for line in lines if line.paper is not None)
        self.stdout.write(
            _("%(number)s：%(held)d 份文书写在 %(path)s（%(size)d KB）")
            % {
                "number": matter.file_number or matter.case.number,
                "held": held,
                "path": path,
                "size": -(-len(content) // 1024),
            }
        )
        for line in lines:
            if line.is_missing:
                self.stdout.write(_("还缺：%(paper)s") % {"paper": line.kind.label})


def _find(typed: str) -> Mediation:
    number = codes.normalise_number(typed)
    rows = Mediation.objects.select_related("case")
    found = rows.filter(case__in=Case.objects.numbered(number)).first() if number else None
    found = found or rows.filter(file_number=typed.strip()).first()
    if found is None:
        raise CommandError(_("没有编号为“%(number)s”的调解。") % {"number": typed})
    return found

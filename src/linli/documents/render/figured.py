"""Reports of figures as Word files: a template with the marks of docxtpl, and the charts as pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm
from docx.table import Table
from docxtpl import DocxTemplate, InlineImage, RichText

from .sandbox import Sandbox
from .word import FILTERS, escaped

ACROSS = 4  # tiles in a row
WIDTH = 166  # mm between the margins


def filled(template: bytes, report: dict[str, Any], charts: Sequence[bytes]) -> bytes:
    """The report in the template. Its tables are those of the report, in order, after that of the tiles."""
    document = DocxTemplate(io.BytesIO(template))
    document.init_docx()
    pictures = iter(charts)
    sections = [_section(document, each, pictures) for each in report["sections"]]
    blank = {"label": "", "value": {"text": "", "href": ""}, "notes": []}
    tiles = [{**each, "value": _linked(document, each["value"], 34)} for each in report["tiles"]]
    rows = [list(row) for row in zip_longest(*[iter(tiles)] * ACROSS, fillvalue=blank)]
    context = {**report, "sections": sections, "tiles": rows}
    document.render(context, Sandbox(FILTERS, strict=False, finalize=escaped), autoescape=True)
    tables = [each["table"] for each in report["sections"] if each["table"] is not None]
    for table, told in zip(document.docx.tables[1:], tables, strict=True):
        _set_out(table, told)
    core = document.docx.core_properties
    core.title, core.author, core.language = report["title"], report["author"], report["lang"]
    file = io.BytesIO()
    document.docx.save(file)
    return file.getvalue()


def _section(document: DocxTemplate, section: dict[str, Any], pictures: Any) -> dict[str, Any]:
    """The section with its picture, and its cells as links where they lead somewhere."""
    picture: Any = ""
    if section["chart"] is not None:
        picture = InlineImage(document, io.BytesIO(next(pictures)), width=Mm(WIDTH - 2))
    table = section["table"]
    if table is not None:
        table = {**table, "rows": [[_linked(document, cell, 18) for cell in row] for row in table["rows"]]}
    return {**section, "picture": picture, "table": table}


def _linked(document: DocxTemplate, cell: dict[str, str], size: int) -> RichText:
    """Words in half points of that size, blue where they lead somewhere."""
    rich = RichText()
    if cell["href"]:
        rich.add(cell["text"], size=size, color="#1f4e85", url_id=document.build_url_id(cell["href"]))
    else:
        rich.add(cell["text"], size=size)
    return rich


def _set_out(table: Table, told: dict[str, Any]) -> None:
    """Widths as the report wants them, numbers to the right, and a heading that comes again on every page."""
    grid = table._tbl.tblGrid
    for column in list(grid):
        grid.remove(column)
    widths = [Mm(WIDTH * wide / sum(told["wide"])) for wide in told["wide"]]
    for wide in widths:
        column = OxmlElement("w:gridCol")
        column.set(qn("w:w"), str(int(wide.twips)))
        grid.append(column)
    for n, row in enumerate(table.rows):
        if n == 0:
            row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        for wide, is_number, cell in zip(widths, told["numbers"], row.cells, strict=True):
            cell.width = wide
            for paragraph in cell.paragraphs:
                paragraph.alignment = ALIGN.RIGHT if is_number else ALIGN.LEFT

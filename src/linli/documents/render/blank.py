"""A Word page in the making: paragraphs, tables and the marks a template is filled by."""

from __future__ import annotations

from typing import Any

from docx import Document
from docx.document import Document as Docx
from docx.enum.table import WD_ALIGN_VERTICAL
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

from . import filling

SONG, HEI, LATIN = "宋体", "黑体", "Times New Roman"  # zh: names of fonts
WIDTH = 154
CENTRE, RIGHT, LEFT = ALIGN.CENTER, ALIGN.RIGHT, ALIGN.LEFT


class Blank:
    """A Word template in the making."""

    def __init__(self, form: filling.Form) -> None:
        self.form = form
        self.docx: Docx = Document()
        self._page()

    def _page(self) -> None:
        section = self.docx.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        for side in ("left", "right", "top", "bottom"):
            setattr(section, f"{side}_margin", Mm(28))
        normal = self.docx.styles["Normal"]
        normal.font.size = Pt(12)
        _font(normal, SONG)
        normal.paragraph_format.space_after = Pt(3)
        normal.paragraph_format.line_spacing = 1.25
        heading = self.docx.styles["Heading 1"]
        heading.font.size, heading.font.bold = Pt(20), False
        heading.font.color.rgb = None
        _font(heading, HEI)
        heading.paragraph_format.alignment = CENTRE
        heading.paragraph_format.space_before, heading.paragraph_format.space_after = Pt(0), Pt(14)
        self.docx.styles["Footer"].font.size = Pt(9)
        core = self.docx.core_properties
        core.title, core.author, core.comments = self.form["title"], "", ""

    # Paragraphs

    def say(self, text: str, align: Any = LEFT, *, indent: bool = False, size: float = 0) -> Paragraph:
        paragraph = self.docx.add_paragraph()
        paragraph.alignment = align
        if indent:
            _indent(paragraph)
        run = paragraph.add_run(text)
        if size:
            run.font.size = Pt(size)
        return paragraph

    def labelled(self, label: str, text: str = "") -> Paragraph:
        paragraph = self.docx.add_paragraph()
        put_label(paragraph, label)
        if text:
            paragraph.add_run(text)
        return paragraph

    def mark(self, tag: str) -> None:
        """A line of the template that is an instruction and leaves no paragraph."""
        self.docx.add_paragraph(f"{{%p {tag} %}}")

    def loop(self, each: str, text: str, *, indent: bool = True, size: float = 0) -> None:
        self.mark(f"for {each}")
        self.say(text, indent=indent, size=size)
        self.mark("endfor")

    # Tables

    def table(self, grid: list[float]) -> Table:
        table: Table = self.docx.add_table(rows=0, cols=0)
        table.style = "Table Grid"
        table.autofit = False
        for wide in grid:
            table.add_column(Mm(WIDTH * wide / sum(grid)))
        return table

    def table_mark(self, table: Table, tag: str) -> None:
        cells = _added(table).cells
        cells[0].merge(cells[-1]).paragraphs[0].add_run(f"{{%tr {tag} %}}")


def _added(table: Table) -> _Row:
    row: _Row = table.add_row()  # type: ignore[no-untyped-call]
    return row


def _font(style: Any, name: str) -> None:
    style.font.name = LATIN
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), name)


def put_label(paragraph: Paragraph, text: str) -> None:
    run = paragraph.add_run(text)
    run.font.name = LATIN
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), HEI)


def _indent(paragraph: Paragraph) -> None:
    """Two characters in, whatever their size."""
    indent = paragraph._p.get_or_add_pPr().get_or_add_ind()
    indent.set(qn("w:firstLineChars"), "200")
    indent.set(qn("w:firstLine"), "480")


def _write(cell: _Cell, text: str, *, label: bool = False, align: Any = LEFT) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.alignment = CENTRE if label else align
    for index, line in enumerate(text.split("\n")):
        if index:
            paragraph.add_run().add_break()
        if label:
            put_label(paragraph, line)
        else:
            paragraph.add_run(line)
    cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER


def put_row(table: Table, cells: list[tuple[str, int, bool]], tall: float = 0) -> list[_Cell]:
    """A row of cells (text, width, is a label) over the columns of the table."""
    row = _added(table)
    if tall:
        row.height = Mm(tall)
    columns, place, made = row.cells, 0, []
    for text, wide, label in cells:
        cell = columns[place].merge(columns[place + wide - 1])
        _write(cell, text, label=label)
        made.append(cell)
        place += wide
    return made

"""Writes the Word templates of the forms in a folder: python -m linli.documents.render.blanks FOLDER.

Officials may change them in Word; the marks in braces are those of docxtpl, with the filters of word.py.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell

from . import filling, wording
from .blank import CENTRE, RIGHT, WIDTH, Blank, put_label, put_row

SEALED = "电子印章　加盖时间　{{ seal.at|moment }}"  # zh: printed on official papers
EXTENT = "本卷共有文书材料{{ papers_count|blank(2) }}件，{{ pages_count|blank(2) }}页。"  # zh: printed
FOOT = "{% if file_number %}卷号：{{ file_number }}{% endif %}\t\t第 "  # zh: printed
_FIELD = re.compile(r"\{(\w+)(?:\|(\w+))?\}")


# The blocks of a form


def _value(cell: dict[str, Any], blank: str = "said") -> str:
    how = cell.get("as", "text")
    if how == "options":
        options = ", ".join(f'"{option}"' for option in cell["options"])
        return f"{{{{ {cell['field']}|options({options}) }}}}"
    if how == "list":
        return f"{{{{ {cell['field']}|counted }}}}"
    if "empty" in cell:
        return f"{{{{ ({cell['field']}|said) or BLANK_NUMBER }}}}"
    worded = {"day": "blank_day", "moment": f"moment|{blank}", "text": blank}[how]
    return f"{{{{ {cell['field']}|{worded} }}}}"


def tagged(text: str) -> str:
    """The fixed words of a form with its fields as marks."""

    def tag(found: re.Match[str]) -> str:
        how = {"day": "blank_day", None: "blank"}.get(found[2], found[2])
        return f"{{{{ {found[1]}|{how} }}}}"

    return _FIELD.sub(tag, text)


def _grid(blank: Blank, table: Table, block: dict[str, Any]) -> None:
    for row in block["grid"]:
        cells: list[tuple[str, int, bool]] = []
        for cell, (label, wide) in zip(row, filling.spans(row), strict=True):
            cells += [(cell["label"], label, True), (_value(cell), wide, False)]
        put_row(table, cells, max(cell.get("tall", 0) for cell in row))


def _party_grid(blank: Blank, table: Table, _block: dict[str, Any]) -> None:
    blank.table_mark(table, "for party in parties")
    for tag, sample in (("if party.is_body", {"is_body": True}), ("else", {})):
        blank.table_mark(table, tag)
        first: _Cell | None = None
        for row in filling.party_rows(sample):
            cells = [("", filling.HEADING, True)]
            for label, wide, field, span in row:
                cells += [(label, wide, True), (f"{{{{ party.{field}|said }}}}", span, False)]
            heading = put_row(table, cells)[0]
            first = heading if first is None else first.merge(heading)
        if first is not None:
            put_label(first.paragraphs[0], "{{ party|party }}")
            for extra in first.paragraphs[1:]:
                extra._p.getparent().remove(extra._p)
    blank.table_mark(table, "endif")
    blank.table_mark(table, "endfor")


def _tables(blank: Blank, blocks: list[dict[str, Any]]) -> None:
    table = blank.table([1] * filling.WIDTH)
    for block in blocks:
        (_grid if "grid" in block else _party_grid)(blank, table, block)


def _parties(blank: Blank, block: dict[str, Any]) -> None:
    if block["parties"] == "names":
        blank.labelled("当事人：", "{{ parties|names|blank(24) }}")  # zh: printed on official papers
    else:
        blank.mark("for party in parties")
        blank.labelled("{{ party|party }}：", "{{ party|described|blank(24) }}")
        blank.mark("endfor")


def _lines(blank: Blank, block: dict[str, Any]) -> None:
    for cell in block["lines"]:
        value = _value(cell, "blank(24)") if "field" in cell else ""
        if "span" in cell:
            value = "至".join(f"{{{{ {field}|blank_day }}}}" for field in cell["span"])  # zh: from … to …
        blank.labelled(f"{cell['label']}：", value)


def _prose(blank: Blank, block: dict[str, Any]) -> None:
    prose = block["prose"]
    blank.labelled(prose["label"])
    blank.loop(f"line in {prose['field']}|lines({prose['blank']})", "{{ line }}")


def _numbered(blank: Blank, block: dict[str, Any]) -> None:
    numbered = block["numbered"]
    if numbered.get("label"):
        blank.labelled(numbered["label"])
    blank.loop(
        f'item in {numbered["field"]}|numbered("{numbered["style"]}", {numbered["blank"]})', "{{ item }}"
    )


def _points(blank: Blank, block: dict[str, Any]) -> None:
    points = block["points"]
    blank.labelled(points["label"])
    blank.mark(f"for point in {points['field']}|points({points['blank']})")
    blank.mark("if point.title")
    blank.labelled("{{ point.title }}")
    blank.mark("endif")
    blank.loop("line in point.text|lines(point.blank)", "{{ line }}")
    blank.mark("endfor")


def _clauses(blank: Blank, block: dict[str, Any]) -> None:
    if block.get("label"):
        blank.labelled(block["label"])
    for number, clause in enumerate(block["clauses"], 1):
        blank.say(f"（{wording.numeral(number)}）{clause}", indent=True)


def _items(blank: Blank, block: dict[str, Any]) -> None:
    items = block["items"]
    columns = items["columns"]
    labels = ([items["counted"]] if "counted" in items else []) + [column["label"] for column in columns]
    wide = ([3] if "counted" in items else []) + [column["wide"] for column in columns]
    table = blank.table(wide)
    put_row(table, [(label, 1, True) for label in labels])
    blank.table_mark(table, f'for row in {items["field"]}|rows({items["blank"]}, "{columns[0]["field"]}")')
    cells = [f"{{{{ row['{column['field']}']|{column.get('as', 'said')} }}}}" for column in columns]
    cells = (["{{ row.count }}"] if "counted" in items else []) + cells
    put_row(table, [(cell, 1, False) for cell in cells])
    blank.table_mark(table, "endfor")


def _sign(blank: Blank, block: dict[str, Any]) -> None:
    for row in block["sign"]:
        roles = ", ".join(f'"{role}"' for role in row["roles"])
        name = f"{row['field']}|blank(12)" if "field" in row else '""|blank(12)'
        blank.labelled(f"{row['label']}：", f"{{{{ '' if signed({roles}) else {name} }}}}")
        blank.mark(f"for one in signed({roles})")
        paragraph = blank.say("{{ one.picture }}{{ one.name }}", indent=True)
        paragraph.add_run("　{{ one.at }}　{{ one.how }}").font.size = Pt(8.5)
        blank.mark("endfor")


def _close(blank: Blank, block: dict[str, Any]) -> None:
    close = block["close"]
    if close.get("committee"):
        blank.say("{{ committee|blank(12) }}", RIGHT).paragraph_format.space_before = Pt(12)
        blank.mark("if seal")
        blank.say("{{ seal_picture }}", RIGHT)
        blank.say(SEALED, RIGHT, size=8.5)
        blank.mark("else")
        blank.say("（人民调解委员会印章）", RIGHT)  # zh: printed on official papers
        blank.mark("endif")
    blank.say(f"{{{{ {close['date']}|blank_day }}}}", RIGHT)


def _images(blank: Blank, block: dict[str, Any]) -> None:
    blank.mark("for picture in pictures")
    blank.say("{{ picture }}", CENTRE)
    blank.say(f"{block['images']['label']}{{{{ loop.index }}}}", CENTRE, size=10)
    blank.mark("endfor")


def _number(blank: Blank, _block: dict[str, Any]) -> None:
    blank.say("编号：{{ (file_number|said) or BLANK_NUMBER }}", RIGHT)  # zh: printed on official papers


def _extent(blank: Blank, _block: dict[str, Any]) -> None:
    blank.say(EXTENT, indent=True)


def _text(blank: Blank, block: dict[str, Any]) -> None:
    blank.say(tagged(block["text"]), indent=not block.get("flush"))


def _note(blank: Blank, block: dict[str, Any]) -> None:
    blank.say("注：" + tagged(block["note"]), size=9.5)  # zh: printed on official papers


WRITERS = {
    "number": _number,
    "parties": _parties,
    "lines": _lines,
    "prose": _prose,
    "numbered": _numbered,
    "points": _points,
    "text": _text,
    "clauses": _clauses,
    "items": _items,
    "sign": _sign,
    "close": _close,
    "images": _images,
    "note": _note,
    "extent": _extent,
}


def _contents(blank: Blank) -> None:
    table = blank.table([2, 13, 3, 5])
    put_row(table, [(label, 1, True) for label in blank.form["columns"]])
    blank.table_mark(table, "for one in listed")
    put_row(
        table,
        [
            ("{{ loop.index }}", 1, False),
            ("{{ one.title }}", 1, False),
            ("{{ one.page }}", 1, False),
            ("{{ one.remark }}", 1, False),
        ],
    )
    blank.table_mark(table, "endfor")


def _foot(blank: Blank) -> None:
    """The number of the file and the page, as in the PDF."""
    paragraph = blank.docx.sections[0].footer.paragraphs[0]
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(WIDTH), WD_TAB_ALIGNMENT.RIGHT)
    paragraph.add_run(FOOT)
    for field, after in (("PAGE", " 页　共 "), ("SECTIONPAGES", " 页")):  # zh: printed on official papers
        simple = OxmlElement("w:fldSimple")
        simple.set(qn("w:instr"), field)
        run = OxmlElement("w:r")
        text = OxmlElement("w:t")
        text.text = "1"
        run.append(text)
        simple.append(run)
        paragraph._p.append(simple)
        paragraph.add_run(after)


def blank_of(form: filling.Form) -> bytes:
    """The Word template of one form."""
    blank = Blank(form)
    layout = form.get("layout")
    if layout == "cover":
        blank.say("{{ committee }}", CENTRE, size=17).paragraph_format.space_before = Pt(90)
    blank.docx.add_paragraph("{{ title }}", style="Heading 1")
    waiting: list[dict[str, Any]] = []
    for block in [*form["blocks"], None]:
        is_table = block is not None and ("grid" in block or block.get("parties") == "grid")
        if block is not None and is_table:
            waiting.append(block)
            continue
        if waiting:
            _tables(blank, waiting)
            waiting = []
        if block is not None:
            WRITERS[filling.kind_of(block)](blank, block)
    if layout == "contents":
        _contents(blank)
    if not layout:
        _foot(blank)
    file = io.BytesIO()
    blank.docx.save(file)
    return file.getvalue()


def write(folder: Path) -> None:
    for kind, form in filling.forms(folder).items():
        (folder / f"{kind}.docx").write_bytes(blank_of(form))


if __name__ == "__main__":
    write(Path(sys.argv[1]))

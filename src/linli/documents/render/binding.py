"""Several Word files bound into one: cover and contents, the papers with pages counted through, back cover."""

from __future__ import annotations

import io
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from docx.document import Document as Docx
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE as RELATION
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.section import Section
from markupsafe import Markup

_RELATED = (qn("r:embed"), qn("r:id"), qn("r:link"), qn("r:pict"))


def bookmark(index: int) -> str:
    return f"paper_{index}"


def page_field(index: int, page: int) -> Markup:
    """The page of a paper as a field that Word works out anew; until then the number in the PDF."""
    return Markup(  # noqa: S704  # numbers only
        '</w:t></w:r><w:fldSimple w:instr="PAGEREF paper_{0} \\h" w:dirty="true"><w:r><w:t>{1}</w:t></w:r>'
        '</w:fldSimple><w:r><w:t xml:space="preserve">'
    ).format(int(index), int(page))


def bound(front: Sequence[Docx], papers: Sequence[Docx], back: Docx) -> bytes:
    """One Word file. The first of `front` gives it its styles."""
    base = front[0]
    for part in front[1:]:
        _turn(base)
        _add(base, part)
    section = base.add_section(WD_SECTION.NEW_PAGE)
    _number_from_one(section)
    if papers:
        _foot(section, papers[0])
    for index, part in enumerate(papers):
        if index:
            _turn(base)
        _add(base, part, bookmark(index))
    base.add_section(WD_SECTION.NEW_PAGE).footer.is_linked_to_previous = False
    _add(base, back)
    _renumber(base)
    file = io.BytesIO()
    base.save(file)
    return file.getvalue()


def _turn(base: Docx) -> None:
    base.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _add(base: Docx, part: Docx, mark: str = "") -> None:
    body = base.element.body
    end = body.sectPr
    _bring_styles(base, part)
    for child in part.element.body:
        if child.tag == qn("w:sectPr"):
            continue
        copy = deepcopy(child)
        for inner in copy.iter(qn("w:sectPr")):  # a section of a paper would change the paper of the file
            inner.getparent().remove(inner)
            break
        _relate(base, part, copy)
        end.addprevious(copy)
        if mark and copy.tag == qn("w:p"):
            _bookmark(copy, mark)
            mark = ""


def _bookmark(paragraph: Any, name: str) -> None:
    for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
        element = OxmlElement(tag)
        element.set(qn("w:id"), name.removeprefix("paper_"))
        if tag == "w:bookmarkStart":
            element.set(qn("w:name"), name)
        paragraph.append(element)


def _relate(base: Docx, part: Docx, element: Any) -> None:
    """Pictures and links come along; whatever else hangs on the other file stays behind."""
    for inner in list(element.iter()):
        for key in _RELATED:
            relation = part.part.rels.get(inner.get(key)) if inner.get(key) else None
            if relation is None:
                if inner.get(key):
                    del inner.attrib[key]
            elif relation.is_external and relation.reltype == RELATION.HYPERLINK:
                inner.set(key, base.part.relate_to(relation.target_ref, relation.reltype, is_external=True))
            elif not relation.is_external and relation.reltype == RELATION.IMAGE:
                inner.set(key, base.part.get_or_add_image(io.BytesIO(relation.target_part.blob))[0])
            else:
                del inner.attrib[key]
    for numbering in list(element.iter(qn("w:numPr"))):  # lists of the other file's own
        numbering.getparent().remove(numbering)


def _bring_styles(base: Docx, part: Docx) -> None:
    known = {style.style_id for style in base.styles}
    for style in part.styles:
        if style.style_id not in known:
            base.styles.element.append(deepcopy(style.element))


def _number_from_one(section: Section) -> None:
    numbers = OxmlElement("w:pgNumType")
    numbers.set(qn("w:start"), "1")
    properties = section._sectPr
    for old in properties.findall(qn("w:pgNumType")):
        properties.remove(old)
    columns = properties.find(qn("w:cols"))
    if columns is None:
        properties.append(numbers)
    else:
        columns.addprevious(numbers)


def _foot(section: Section, paper: Docx) -> None:
    """The foot of the first paper, as it was filled: docxtpl leaves that to the relations alone."""
    section.footer.is_linked_to_previous = False
    target = section.footer._element
    for relation in paper.part.rels.values():
        if relation.reltype == RELATION.FOOTER:
            for child in list(target):
                target.remove(child)
            for child in parse_xml(relation.target_part.blob):
                target.append(child)
            return


def _renumber(base: Docx) -> None:
    """Every drawing of a Word file has a number of its own."""
    for number, drawing in enumerate(base.element.body.iter(qn("wp:docPr")), 1):
        drawing.set("id", str(number))

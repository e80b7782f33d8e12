"""What the official papers say, read back from the PDF and the Word file."""

from __future__ import annotations

import io
import json
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from docx import Document
from docx.oxml.ns import qn
from PIL import Image
from pypdf import PdfReader

from linli.documents import render
from linli.documents.render import (
    Paper,
    TemplateRefused,
    blanks,
    check_template,
    filling,
    signature_png,
    typesetting,
    wording,
)
from linli.documents.render.papers import ENVELOPE, document_of
from linli.documents.render.samples import kinds, sample
from linli.mediation import tests

from .paper_samples import COVER, PAPERS, STROKES, photo

GOLDEN = Path(tests.__file__).with_name("golden")
FORMS = Path(tests.__file__).parents[1] / "papers"
DATED = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LONG = "阿卜杜热合曼" * 8 + "吐尔"
RARE = "陈㛃𬱖镕堃喆䶮"
AWKWARD = "#let x = 1 $a$ *b* _c_ {{ d }} {% e %} {_{ f }_} {_% %_} <w:t>&amp;</w:t> \\ ` @g [h] ~ // /* \"i\" 'j' =-+"


def pdf_of(*papers: Paper) -> bytes:
    return render.pdf(FORMS, papers, title="试", dated=DATED)


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def word_lines(docx: bytes) -> list[str]:
    """Paragraph by paragraph, tables row by row."""
    lines = []
    for element in Document(io.BytesIO(docx)).element.body:
        if element.tag == qn("w:p"):
            lines.append(words(element))
        for row in element.iter(qn("w:tr")):
            lines.append(" | ".join(words(cell) for cell in row.iter(qn("w:tc"))))
    return lines


def words(element: Any) -> str:
    return "".join("\n" if e.tag == qn("w:br") else e.text or "" for e in element.iter(qn("w:t"), qn("w:br")))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def compare(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("UPDATE"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{name}: look at the paper, then UPDATE=1"


# Every form, as it stood when somebody looked at it


@pytest.mark.parametrize("kind", PAPERS)
def test_a_form_says_in_pdf_what_it_said(kind: str) -> None:
    pages = pages_of(pdf_of(PAPERS[kind]))
    compare(f"{kind}.pdf.txt", "\n-- page --\n".join(pages) + "\n")


@pytest.mark.parametrize("kind", PAPERS)
def test_a_form_says_in_word_what_it_said(kind: str) -> None:
    compare(f"{kind}.docx.txt", "\n".join(word_lines(render.docx(FORMS, PAPERS[kind]))) + "\n")


def test_the_whole_file_says_what_it_said() -> None:
    some = [PAPERS[kind] for kind in ("application", "rights_notice", "agreement")]
    pdf = render.dossier_pdf(FORMS, some, cover=COVER, dated=DATED)
    compare("dossier.pdf.txt", "\n-- page --\n".join(pages_of(pdf)) + "\n")
    docx = render.dossier_docx(FORMS, some, cover=COVER)
    compare("dossier.docx.txt", "\n".join(word_lines(docx)) + "\n")


def test_every_kind_has_a_form_a_word_template_and_a_sample() -> None:
    assert set(filling.forms(FORMS)) == set(kinds()) == {path.stem for path in FORMS.glob("*.docx")}


def test_the_word_templates_are_those_the_forms_give() -> None:
    for kind, form in filling.forms(FORMS).items():
        assert parts((FORMS / f"{kind}.docx").read_bytes()) == parts(blanks.blank_of(form)), (
            f"{kind}: python -m linli.documents.render.blanks src/linli/mediation/papers"
        )


def parts(docx: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(docx)) as file:
        return {name: file.read(name) for name in file.namelist()}


# The whole file


def test_the_contents_name_the_page_each_paper_begins_on() -> None:
    papers = list(PAPERS.values())
    pages = pages_of(render.dossier_pdf(FORMS, papers, cover=COVER, dated=DATED))
    body = pages[2:-1]
    listed = dict(re.findall(r"(?m)^\d+ ?(\S+?) ?(\d+)$", pages[1]))
    assert len(listed) == len(papers)
    for title, number in listed.items():
        assert body[int(number) - 1].startswith(title)
    assert all(f"第{n}页共{len(body)}页" in squeezed(page) for n, page in enumerate(body, 1))
    assert all("卷号：" + COVER["number"] in squeezed(page) for page in body)
    assert f"{len(papers)}件，{len(body)}页" in squeezed(pages[-1])


def test_several_papers_count_their_own_pages() -> None:
    pages = pages_of(pdf_of(PAPERS["rights_notice"], PAPERS["authority"]))
    assert all("第1页共1页" in squeezed(page) for page in pages)


def test_the_whole_file_in_word_opens_with_every_paper_and_picture() -> None:
    docx = render.dossier_docx(FORMS, list(PAPERS.values()), cover=COVER)
    text = "\n".join(word_lines(docx))
    for kind in PAPERS:
        assert filling.form(FORMS, kind)["title"] in text
    with zipfile.ZipFile(io.BytesIO(docx)) as file:
        names = file.namelist()
        document = file.read("word/document.xml").decode()
        targets = re.findall(r'Id="(\w+)"', file.read("word/_rels/document.xml.rels").decode())
    assert len(names) == len(set(names))
    assert set(re.findall(r'r:(?:embed|id)="(\w+)"', document)) <= set(targets)
    identities = re.findall(r'<wp:docPr id="(\d+)"', document)
    assert len(identities) == len(set(identities)) > 10
    for index in range(len(PAPERS)):
        assert f'w:name="paper_{index}"' in document
        assert f"PAGEREF paper_{index} " in document


def test_the_foot_in_word_names_the_file() -> None:
    for docx in (
        render.docx(FORMS, PAPERS["record"]),
        render.dossier_docx(FORMS, [PAPERS["record"]], cover=COVER),
    ):
        feet = [data.decode() for name, data in parts(docx).items() if name.startswith("word/footer")]
        assert any("卷号：" + COVER["number"] in foot for foot in feet)
        assert not any("{%" in foot for foot in feet)


def test_an_empty_file_still_has_its_covers() -> None:
    assert len(pages_of(render.dossier_pdf(FORMS, [], cover={}, dated=DATED))) == 3
    assert "卷内目录" in "\n".join(word_lines(render.dossier_docx(FORMS, [], cover={})))


# What a PDF must be to be kept


def test_pdf_is_archival_and_carries_its_fonts() -> None:
    pdf = pdf_of(PAPERS["agreement"])
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.xmp_metadata is not None
    xmp = reader.xmp_metadata.stream.get_data().decode()
    assert re.search(r"pdfaid:part\W+2", xmp)
    assert re.search(r"pdfaid:conformance\W+B", xmp)
    fonts = list(font_files(reader))
    assert fonts
    assert all(fonts)
    assert reader.metadata is not None
    assert reader.metadata.title == "试"


def font_files(reader: PdfReader) -> Iterator[bool]:
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            for below in font["/DescendantFonts"]:
                descriptor = below.get_object()["/FontDescriptor"]
                yield "/FontFile3" in descriptor or "/FontFile2" in descriptor


def test_the_same_paper_gives_the_same_bytes() -> None:
    assert pdf_of(PAPERS["record"]) == pdf_of(PAPERS["record"])


# What people write


def planted(value: Any, text: str, key: str = "") -> Any:
    """Every text of the data replaced, except words the form itself reads."""
    if isinstance(value, str):
        return value if key in ("side", "role") else text
    if isinstance(value, dict):
        return {name: planted(item, text, name) for name, item in value.items()}
    if isinstance(value, list):
        return [planted(item, text, key) for item in value]
    return value


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


@pytest.mark.parametrize("kind", PAPERS)
def test_marks_of_other_languages_are_only_text(kind: str) -> None:
    plain = pdf_of(Paper(kind, "", planted(sample(kind), "某")))
    awkward = "\x00\x07\x1b" + AWKWARD + "\u202e"
    paper = Paper(kind, "", planted(sample(kind), awkward))
    wanted = squeezed("".join(pages_of(plain))).count("某")
    assert wanted > 3
    found = squeezed("".join(re.sub(r"卷号.*\n?.*页$", "", p) for p in pages_of(pdf_of(paper))))
    assert found.count(squeezed(AWKWARD)) >= wanted - 4  # a text cut by the end of a page is not found whole
    said = "\n".join(word_lines(render.docx(FORMS, paper)))
    assert said.count(AWKWARD) == "\n".join(
        word_lines(render.docx(FORMS, Paper(kind, "", planted(sample(kind), "某"))))
    ).count("某")
    assert not re.search("[\x00-\x08\x1b\u202e]", said)


@pytest.mark.parametrize("name", ["丁", LONG, RARE, "A" * 50, "Ömer Ağaoğlu"])
def test_names_of_one_or_fifty_characters_are_whole(name: str) -> None:
    for kind in PAPERS:
        data = sample(kind)
        for party in data["parties"]:
            party["name"] = name
        for signature in data["signatures"]:
            signature["name"] = name
        if kind == "legal_aid":
            data["applicant"]["name"] = name
        pages = pages_of(pdf_of(Paper(kind, "", data)))
        assert squeezed(name) in squeezed("".join(pages)), kind
        assert name in "".join(word_lines(render.docx(FORMS, Paper(kind, "", data)))), kind


@pytest.mark.parametrize("kind", PAPERS)
def test_nothing_runs_into_the_margin(kind: str) -> None:
    for text in (LONG * 3, "A" * 150, "https://example.org/" + "a" * 90):
        paper = Paper(kind, "", planted(sample(kind), text))
        document, files = document_of(FORMS, [paper], title="")
        for page in typesetting.pictured(document, files, ppi=36):
            image = Image.open(io.BytesIO(page)).convert("L")
            edge = round(image.width * 28 / 210) - 2
            for box in ((0, 0, edge, image.height), (image.width - edge, 0, image.width, image.height)):
                assert image.crop(box).getextrema() == (255, 255), text[:3]


def test_what_was_written_can_be_copied_from_the_pdf() -> None:
    facts = sample("agreement")["facts"]
    said = "".join(pages_of(pdf_of(PAPERS["agreement"])))
    assert facts in said.replace("\n", "")


def test_a_character_the_fonts_lack_is_boxed_and_named_never_dropped() -> None:
    data = sample("agreement") | {"facts": "当事人𠮷某。", "subject": "\U0001f642"}
    paper = Paper("agreement", "", data)
    said = squeezed("".join(pages_of(pdf_of(paper))))
    assert "当事人□某。" in said
    assert "U+20BB7" in said
    assert render.missing([paper]) == "\U0001f642𠮷"
    assert "当事人𠮷某。" in "".join(word_lines(render.docx(FORMS, paper)))


@pytest.mark.parametrize("kind", [*PAPERS, *ENVELOPE])
def test_an_empty_form_has_blanks_to_write_on(kind: str) -> None:
    paper = Paper(kind, "", {})
    said = "".join(pages_of(pdf_of(paper))) + "".join(word_lines(render.docx(FORMS, paper)))
    assert "None" not in said
    assert "{{" not in said
    assert filling.form(FORMS, kind)["title"] in said


def test_nothing_known_of_anybody_is_still_a_form() -> None:
    data = {key: None for key in sample("agreement")}
    assert "None" not in "".join(pages_of(pdf_of(Paper("agreement", "", data))))
    data = sample("register") | {"signatures": [{"role": "party"}], "parties": [{}], "seal": {}}
    pdf_of(Paper("register", "", data, [b"no picture", b""]))
    render.docx(FORMS, Paper("register", "", data, [b"no picture"]))


def test_long_texts_run_on_over_pages() -> None:
    facts = "这句话要写得很长很长。" * 900
    for kind in ("application", "record", "agreement", "oral_agreement"):
        data = sample(kind) | {"brief": facts, "facts": facts, "points": [{"title": "一", "text": facts}]}
        assert len(pages_of(pdf_of(Paper(kind, "", data)))) > 5


def test_thirty_parties_and_signatures_fit() -> None:
    data = sample("agreement")
    data["parties"] = data["parties"][:1] * 30
    data["signatures"] = [
        {"role": "party", "name": f"第{n}人", "image": signature_png(STROKES)} for n in range(30)
    ]
    said = squeezed("".join(pages_of(pdf_of(Paper("agreement", "", data)))))
    assert all(f"第{n}人" in said for n in range(30))
    assert "申请人（三十）" in said


def test_an_unknown_form_is_said_to_be_unknown() -> None:
    with pytest.raises(render.UnknownForm):
        pdf_of(Paper("divorce", "", {}))


def test_moments_are_worded_in_the_county() -> None:
    assert wording.moment("2026-10-12T01:05:00+00:00") == "2026年10月12日9时05分"
    assert wording.day("2026-02-29") == "2026年2月29日"
    assert wording.day("明年春天") == "明年春天"
    assert [wording.numeral(n) for n in (1, 10, 11, 20, 99)] == [
        "一",
        "十",
        "十一",
        "二十",
        "九十九",
    ]


# Many at once


def test_forty_papers_take_less_than_four_seconds_of_processor() -> None:
    papers = (list(PAPERS.values()) * 3)[:40]
    pdf_of(papers[0])
    began = time.process_time()
    for paper in papers:
        pdf_of(paper)
    assert time.process_time() - began < 4


def test_threads_share_the_compiler() -> None:
    once = pdf_of(PAPERS["authority"])
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _n: pdf_of(PAPERS["authority"]), range(24))) == {once}


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pdf_of(PAPERS["evidence"])
    render.dossier_docx(FORMS, [PAPERS["evidence"]], cover=COVER)
    assert list(tmp_path.iterdir()) == []


# Signatures


def test_a_signature_becomes_a_small_picture() -> None:
    png = signature_png(STROKES)
    assert png.startswith(b"\x89PNG")
    assert len(png) < 20_000
    assert signature_png([[[0.5, 0.5]]]) != png


@pytest.mark.parametrize(
    "strokes",
    [
        [],
        [[]],
        "line",
        [[[0.1]]],
        [[[0.1, 0.2, 0.3]]],
        [[["a", "b"]]],
        [[[True, False]]],
        [[[1.2, 0.5]]],
        [[[-0.1, 0.5]]],
        [[[float("nan"), 0.5]]],
        [[[float("inf"), 0.5]]],
        [[[10**400, 0.5]]],
        [[[0.5, None]]],
        [{"x": 1}],
        [[[0.5, 0.5]]] * 201,
        [[[0.5, 0.5]] * 5001],
    ],
)
def test_refuses_a_signature_nobody_can_have_drawn(strokes: Any) -> None:
    with pytest.raises(ValueError, match=r"stroke|point|drawn"):
        signature_png(strokes)


def test_refuses_a_signature_of_absurd_size() -> None:
    with pytest.raises(ValueError, match="size"):
        signature_png(STROKES, width=100_000)


# An administrator's own template

Change = Callable[[dict[str, bytes]], None]


def template(change: Change | None = None, kind: str = "agreement") -> bytes:
    contents = parts((FORMS / f"{kind}.docx").read_bytes())
    if change is not None:
        change(contents)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return file.getvalue()


def replacing(old: str, new: str, part: str = "word/document.xml") -> Change:
    def change(contents: dict[str, bytes]) -> None:
        assert old.encode() in contents[part]
        contents[part] = contents[part].replace(old.encode(), new.encode())

    return change


def adding(name: str, data: bytes) -> Change:
    return lambda contents: contents.update({name: data})


@pytest.mark.parametrize("kind", kinds())
def test_takes_our_own_templates_back(kind: str) -> None:
    check_template(kind, template(kind=kind))


def test_an_administrators_template_is_used() -> None:
    own = template(replacing("人民调解委员会各持一份", "本会各持一份，另报司法所"))
    check_template("agreement", own)
    assert "另报司法所" in "".join(word_lines(render.docx(FORMS, PAPERS["agreement"], template=own)))
    whole = render.dossier_docx(FORMS, [PAPERS["agreement"]], cover=COVER, own={"agreement": own})
    assert "另报司法所" in "".join(word_lines(whole))


EXTERNAL = '<Relationship Id="r" Type="http://x/image" Target="x.png" TargetMode="External"/></Relationships>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_docx"),
        (b"PK\x03\x04 nothing", "no_docx"),
        (b"%PDF-1.7", "no_docx"),
        (photo(), "no_docx"),
        (b"\x00" * (2 * 1024 * 1024 + 1), "too_large"),
        (template(adding("word/vbaProject.bin", b"x")), "alive"),
        (template(adding("word/embeddings/oleObject1.bin", b"x")), "alive"),
        (template(replacing("</Relationships>", EXTERNAL, "word/_rels/document.xml.rels")), "alive"),
        (template(replacing("document.main+xml", "macroEnabled.main+xml", "[Content_Types].xml")), "alive"),
        (template(adding("word/media/zeros.bin", b"\0" * 25_000_000)), "bomb"),
        (template(replacing("<w:document", '<!DOCTYPE x [<!ENTITY a "b">]><w:document')), "no_docx"),
        (template(replacing("{{ line }}", "{{ line")), "syntax"),
        (template(replacing("{{ line }}", "{{ lien }}")), "name"),
        (template(replacing("{{ line }}", "{{ line.__class__.__mro__ }}")), "forbidden"),
        (template(replacing("{{ line }}", "{{ line|nonsense }}")), "syntax"),
        (template(replacing("{{ line }}", "{{ 1 // 0 }}")), "broken"),
        (template(replacing("{{ line }}", "{% for a in range(999999999) %}{% endfor %}")), "name"),
        (template(replacing("{{ line }}", "{{ 'a' * 999999999 }}")), "forbidden"),
        (template(replacing("{{ line }}", "{{ '%999999999d' % 1 }}")), "forbidden"),
        (template(replacing("{{ line }}", "{{ 'a'.ljust(999999999) }}")), "forbidden"),
        (template(replacing("{{ line }}", "{{ 'a'|center(999999999) }}")), "syntax"),
        (template(replacing("{{ line }}", "{% set x = 'a' ~ 'a' %}")), "forbidden"),
        (template(replacing("{{ line }}", "{% macro m() %}{% endmacro %}")), "forbidden"),
        (template(replacing("{{ line }}", "{% for a in facts %}" * 4 + "{% endfor %}" * 4)), "forbidden"),
        (template(replacing("<w:body>", "<w:body><w:p>")), "broken"),
    ],
)
def test_refuses_a_template_that_would_not_do(data: bytes, code: str) -> None:
    with pytest.raises(TemplateRefused) as refused:
        check_template("agreement", data)
    assert refused.value.code == code
    for language in ("zh-hans", "en"):
        with translation.override(language):
            assert "没有收下" in refused.value.message or language == "en"
            assert len(refused.value.message) > 10


def test_a_template_that_was_never_checked_fails_by_name() -> None:
    with pytest.raises(render.NotTypeset):
        render.docx(FORMS, PAPERS["agreement"], template=template(replacing("{{ line }}", "{{ line")))


def test_refuses_a_template_for_no_form() -> None:
    with pytest.raises(TemplateRefused):
        check_template("divorce", template())


def test_samples_are_not_shared() -> None:
    sample("record")["parties"].clear()
    assert sample("record")["parties"]
    assert json.dumps(sample("record"))

"""Official papers of a case, from plain data to PDF and Word."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import filling, typesetting, wording

if TYPE_CHECKING:
    from docx.document import Document

ENVELOPE = ("cover", "contents", "back")
_PICTURES = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))


@dataclass(frozen=True)
class Paper:
    """One official form of one case. `data` is plain data, `images` are pictures printed in it (JPEG or PNG)."""

    kind: str
    title: str
    data: dict[str, Any]
    images: list[bytes] = field(default_factory=list)


def pdf(templates: Path, papers: Sequence[Paper], *, title: str, dated: datetime) -> bytes:
    """Papers one after the other, the pages of each counted by itself. PDF/A-2b."""
    document, files = document_of(templates, papers, title=title)
    return typesetting.typeset(document, files, dated)


def dossier_pdf(templates: Path, papers: Sequence[Paper], *, cover: dict[str, Any], dated: datetime) -> bytes:
    """The whole file: cover, contents, the papers with their pages counted through, back cover."""
    whole = enveloped(papers, cover)
    document, files = document_of(templates, whole, title=str(cover.get("name") or ""), dossier=True)
    return typesetting.typeset(document, files, dated)


def docx(templates: Path, paper: Paper, *, template: bytes | None = None) -> bytes:
    """One paper as a Word file, from the administrator's own template where there is one."""
    file = io.BytesIO()
    _worded(templates, paper, template).save(file)
    return file.getvalue()


def dossier_docx(
    templates: Path,
    papers: Sequence[Paper],
    *,
    cover: dict[str, Any],
    own: Mapping[str, bytes] | None = None,
) -> bytes:
    """The whole file as one Word file; `own` are the administrator's templates by kind."""
    from . import binding

    own = own or {}
    first, contents, *inner, back = enveloped(papers, cover)
    counts = pages(templates, inner)
    listed = [
        {
            "title": paper.title or filling.form(templates, paper.kind)["title"],
            "page": binding.page_field(index, 1 + sum(counts[:index])),
            "remark": wording.clean(paper.data.get("remark") or ""),
        }
        for index, paper in enumerate(inner)
    ]
    words = {paper.kind: own.get(paper.kind) for paper in (first, contents, back, *inner)}
    front = [
        _worded(templates, first, words["cover"]),
        _worded(templates, contents, words["contents"], listed=listed),
    ]
    end = _worded(templates, back, words["back"], pages_count=sum(counts))
    return binding.bound(front, [_worded(templates, paper, words[paper.kind]) for paper in inner], end)


def _worded(templates: Path, paper: Paper, template: bytes | None, **more: Any) -> Document:
    from jinja2 import TemplateError

    from . import word  # these libraries are loaded when the first Word file is made

    form = filling.form(templates, paper.kind)
    more = {"listed": [], "pages_count": "", "papers_count": "", "title": paper.title or form["title"]} | more
    source = template or (templates / f"{paper.kind}.docx").read_bytes()
    try:
        filled: Document = word.filled(source, form, paper.data, paper.images, **more).docx
    except TemplateError as error:
        raise typesetting.NotTypeset(f"{paper.kind}: {error}") from error
    return filled


def pages(templates: Path, papers: Sequence[Paper]) -> list[int]:
    """How many pages each paper has as PDF."""
    counts = []
    for paper in papers:
        document, files = document_of(templates, [paper], title="")
        counts.append(len(typesetting.pictured(document, files, ppi=4)))
    return counts


def enveloped(papers: Sequence[Paper], cover: dict[str, Any]) -> list[Paper]:
    """The papers between their cover, contents and back cover."""
    inner = [paper for paper in papers if paper.kind not in ENVELOPE]
    back = next((paper.data for paper in papers if paper.kind == "back"), {})
    back = {**cover, "note": "", **back, "papers_count": len(inner)}
    return [Paper("cover", "", cover), Paper("contents", "", {}), *inner, Paper("back", "", back)]


def missing(papers: Sequence[Paper]) -> str:
    """The characters in these papers that the fonts lack: printed as □, each named at the end of its paper."""
    found: list[str] = []
    for paper in papers:
        _printed(wording.clean(paper.data), found)
    return "".join(dict.fromkeys(found))


def document_of(
    templates: Path, papers: Sequence[Paper], *, title: str, dossier: bool = False
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What the layout reads, and the pictures it names."""
    files: dict[str, bytes] = {}
    laid = [_laid(templates, paper, index, files) for index, paper in enumerate(papers)]
    inner = [index for index, paper in enumerate(laid) if not paper["layout"]]
    listed = [
        {"index": index, "title": laid[index]["title"], "remark": laid[index]["remark"]} for index in inner
    ]
    document = {
        "title": wording.clean(title) or laid[0]["title"],
        "author": laid[0]["committee"] if laid else "",
        "dossier": dossier,
        "first": inner[0] if inner else 0,
        "body": len(inner),
        "listed": listed,
        "papers": laid,
    }
    return document, files


def _laid(templates: Path, paper: Paper, index: int, files: dict[str, bytes]) -> dict[str, Any]:
    form = filling.form(templates, paper.kind)
    signatures = [
        _filed(s.get("image"), f"{index}-s{n}", files)
        for n, s in enumerate(paper.data.get("signatures") or [])
    ]
    images = [_filed(image, f"{index}-i{n}", files) for n, image in enumerate(paper.images)]
    data = {key: value for key, value in paper.data.items() if key != "images"}
    unknown: list[str] = []
    laid = {
        "title": paper.title or form["title"],
        "layout": form.get("layout", ""),
        "columns": form.get("columns", []),
        "committee": wording.said(data.get("committee")),
        "number": wording.said(data.get("file_number")),
        "remark": wording.said(data.get("remark")),
        "blocks": filling.filled(form, data),
    }
    printed: dict[str, Any] = _printed(wording.clean(laid), unknown)
    missing = [f"U+{ord(character):04X}" for character in dict.fromkeys(unknown)]
    codes = "、".join(missing)  # zh: on an official paper
    pictures = {"images": [name for name in images if name], "signatures": signatures}
    return printed | {"unknown": codes} | pictures


def _filed(image: Any, name: str, files: dict[str, bytes]) -> str | None:
    """The name under which a picture lies beside the layout; None for what is no picture."""
    data = bytes(image) if image else b""
    for start, suffix in _PICTURES:
        if data.startswith(start):
            files[f"{name}.{suffix}"] = data
            return f"{name}.{suffix}"
    return None


def _printed(value: Any, unknown: list[str]) -> Any:
    """The same data in characters the fonts have; what they lack is added to `unknown`."""
    if isinstance(value, str):
        text, lacking = typesetting.printable(value)
        unknown += lacking
        return text
    if isinstance(value, dict):
        return {key: _printed(item, unknown) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printed(item, unknown) for item in value]
    return value

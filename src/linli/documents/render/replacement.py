"""A Word template an administrator wants in place of ours: looked through before it is taken in."""

from __future__ import annotations

import io
import zipfile
from typing import ClassVar

from django.utils.translation import gettext as _

from . import samples, strokes

MAX_BYTES = 2 * 1024 * 1024
MAX_UNPACKED = 20 * 1024 * 1024
MAX_PARTS = 300
MAIN = "word/document.xml"
CONTENT_TYPES = "[Content_Types].xml"
# Programs, other files inside the file, and parts fetched from elsewhere when it is opened.
_ALIVE = ("vbaproject", "vbadata", "activex", "embeddings/", "afchunk", "customui", "oleobject")
_PIECES = (b"macroEnabled", b"attachedTemplate", b"oleObject", b"aFChunk", b"subDocument", b'frame"')


class TemplateRefused(Exception):
    """A template was not taken in; `message` is in the reader's language."""

    field: ClassVar = "template"

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail

    @property
    def message(self) -> str:
        return {
            "unknown": _("没有这种文书，模板没有收下。"),
            "too_large": _("模板超过 2 MB，没有收下。请删去其中的图片后再上传。"),
            "no_docx": _(
                "这不是 Word 文档（.docx），没有收下。请在 Word 中另存为“Word 文档（.docx）”后上传。"
            ),
            "bomb": _("模板解开后太大，没有收下。请重新制作一个简单的文档。"),
            "alive": _("模板里有宏、嵌入的对象或从别处取来的内容，没有收下。请删去后上传。"),
            "syntax": _("模板里的标记写错了，没有收下：%(detail)s") % {"detail": self.detail},
            "name": _("模板里用了文书没有的内容，没有收下：%(detail)s") % {"detail": self.detail},
            "forbidden": _("模板里的标记做了不允许的事，没有收下：%(detail)s") % {"detail": self.detail},
            "broken": _("用示例填写这个模板没有成功，没有收下。请从系统提供的模板改起。"),
        }[self.code]

    def __str__(self) -> str:
        return self.message


def check_template(kind: str, data: bytes) -> None:
    """Nothing, if this kind of paper can be made from the template; else a TemplateRefused that says why not."""
    if kind not in samples.kinds():
        raise TemplateRefused("unknown")
    if len(data) > MAX_BYTES:
        raise TemplateRefused("too_large")
    _look_through(data)
    _try(kind, data)


def _look_through(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            parts = file.infolist()
            names = {part.filename for part in parts}
            if not {MAIN, CONTENT_TYPES} <= names:
                raise TemplateRefused("no_docx")
            if len(parts) > MAX_PARTS or len(names) < len(parts):
                raise TemplateRefused("bomb")
            if sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise TemplateRefused("bomb")
            for part in parts:
                _look_at(part.filename.lower(), file.read(part))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise TemplateRefused("no_docx") from error


def _look_at(name: str, part: bytes) -> None:
    if any(word in name for word in _ALIVE):
        raise TemplateRefused("alive")
    if name.endswith((".xml", ".rels")):
        if (
            b"<!DOCTYPE" in part or b"<!ENTITY" in part or b"\x00" in part
        ):  # 0: not UTF-8, could hide the others
            raise TemplateRefused("no_docx")
        if name.endswith(".rels") and (_fetches(part) or any(piece in part for piece in _PIECES)):
            raise TemplateRefused("alive")
        if name == CONTENT_TYPES.lower() and b"macroEnabled" in part:
            raise TemplateRefused("alive")


def _fetches(relations: bytes) -> bool:
    """Whether anything but a link to click lies outside the file."""
    return any(
        b'"External"' in relation and b"/hyperlink" not in relation
        for relation in relations.replace(b"'", b'"').split(b"<Relationship ")
    )


def _try(kind: str, data: bytes) -> None:
    """Fill it with the invented case, where a misspelt name is an error."""
    from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError

    from . import word

    form = {"title": "", "blocks": []}
    sample = samples.sample(kind)
    drawn = strokes.signature_png([[[0.1, 0.1], [0.9, 0.9]]])
    for signature in sample["signatures"]:
        signature["image"] = drawn
    more = {
        "title": "",
        "listed": [{"title": "", "page": 1, "remark": ""}],
        "pages_count": 1,
        "papers_count": 1,
    }
    try:
        word.filled(data, form, sample, [drawn], strict=True, **more).save(io.BytesIO())
    except TemplateSyntaxError as error:
        raise TemplateRefused("syntax", str(error.message)) from error
    except SecurityError as error:
        raise TemplateRefused("forbidden", str(error.message)) from error
    except UndefinedError as error:
        raise TemplateRefused("name", str(error.message)) from error
    except Exception as error:  # whatever Word's format or a mark can do wrong, the template is at fault
        raise TemplateRefused("broken") from error

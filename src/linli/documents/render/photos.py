"""A stranger's bytes in, a clean photo out, or an error that says what happened and what to do."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from linli.documents.render import workshop

MAX_BYTES = 12 * 1024 * 1024


class Photo(NamedTuple):
    """A progressive JPEG, upright, longest side at most 2,048; a thumbnail of at most 480. No metadata."""

    jpeg: bytes
    width: int
    height: int
    thumbnail: bytes


class PhotoRefused(Exception):
    """A photo was not taken in. `field` names the input; `message` is in the reader's language."""

    field: ClassVar = "photo"
    code: ClassVar = "refused"

    @property
    def message(self) -> str:
        raise NotImplementedError

    def __str__(self) -> str:
        return self.message


class EmptyPhoto(PhotoRefused):
    code = "empty"

    @property
    def message(self) -> str:
        return _("照片是空的，没有收到任何内容。请重新选择照片。")


class TooManyBytes(PhotoRefused):
    code = "too_many_bytes"

    @property
    def message(self) -> str:
        return _("照片超过 %(most)s MB，没有收下。请截图后上传，或把相机调到较低的分辨率重拍。") % {
            "most": MAX_BYTES // 1024 // 1024
        }


class TooManyPixels(PhotoRefused):
    code = "too_many_pixels"

    def __init__(self, pixels: int, most: int) -> None:
        super().__init__(pixels, most)
        self.pixels, self.most = pixels, most

    @property
    def message(self) -> str:
        unit = int(pgettext("pixels are counted in", "10000"))
        return _(
            "照片有 %(pixels)s 万像素，最多 %(most)s 万像素，没有收下。"
            "请截图后上传，或把相机调到较低的分辨率重拍。"
        ) % {"pixels": self.pixels // unit, "most": self.most // unit}


class NotAPhoto(PhotoRefused):
    code = "not_a_photo"

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

    @property
    def message(self) -> str:
        if self.kind == "HEIC":
            return _(
                "照片是 HEIC 格式，我们还打不开。请截图后上传，"
                "或在手机的相机设置里把格式改为“兼容性最佳”（JPEG）后重拍。"
            )
        if not self.kind:
            return _("照片这一项收到的不是照片。请上传 JPEG、PNG 或 WebP 格式的照片，或用手机拍照。")
        return _(
            "照片这一项收到的是 %(kind)s 文件，不是照片，改文件名也不行。"
            "请把要给我们看的内容拍照或截图后上传（JPEG、PNG 或 WebP）。"
        ) % {"kind": self.kind}


class MovingPhoto(PhotoRefused):
    code = "moving"

    @property
    def message(self) -> str:
        return _("照片是会动的图，没有收下。请截取其中一个画面后上传。")


class DamagedPhoto(PhotoRefused):
    code = "damaged"

    @property
    def message(self) -> str:
        return _("照片不完整或已损坏，打不开。请重新选择；如果还是不行，请截图后上传。")


class TooCostlyPhoto(PhotoRefused):
    code = "too_costly"

    @property
    def message(self) -> str:
        return _("照片太大或太复杂，处理到一半停下了，没有收下。请截图后上传，或换一张照片。")


class PhotosBusy(PhotoRefused):
    code = "busy"

    @property
    def message(self) -> str:
        return _("现在上传照片的人多，这张还没有处理。您填写的内容都还在，请过一分钟再选一次。")


class PhotosUnavailable(PhotoRefused):
    code = "unavailable"

    @property
    def message(self) -> str:
        return _("照片暂时处理不了，是我们的问题。您填写的内容都还在，可以先不带照片提交，以后再补。")


PHOTO_KINDS = ("JPEG", "PNG", "WebP")
_ERRORS: dict[str, type[PhotoRefused]] = {
    "moving": MovingPhoto,
    "memory": TooCostlyPhoto,
    "unidentified": DamagedPhoto,
    "damaged": DamagedPhoto,
}
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"%PDF", "PDF"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"PK\x03\x04", "ZIP"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"%!PS", "PostScript"),
    (b"\xd0\xcf\x11\xe0", "Word/Excel"),
    (b"MZ", "EXE"),
)


def photo(data: bytes) -> Photo:
    """Draw the picture anew in another process. Raises a PhotoRefused that names what is wrong."""
    if not data:
        raise EmptyPhoto
    if len(data) > MAX_BYTES:
        raise TooManyBytes
    kind = kind_of(data)
    if kind not in PHOTO_KINDS:
        raise NotAPhoto(kind)
    try:
        work = workshop.work(data)
    except workshop.NotStarted as error:
        raise PhotosUnavailable from error
    except workshop.NoneFree as error:
        raise PhotosBusy from error
    except workshop.GaveUp as error:
        raise TooCostlyPhoto from error
    if "error" in work.header:
        raise _refusal(work.header)
    return Photo(work.picture, int(work.header["width"]), int(work.header["height"]), work.thumbnail)


def kind_of(data: bytes) -> str:
    """What the first bytes say the file is, for the message only; empty when unknown."""
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        return _brand(data[8:12])
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<?xml", b"<svg", b"<!doctype svg")) and b"<svg" in data[:4096].lower():
        return "SVG"
    return "HTML" if start.startswith((b"<!doctype html", b"<html", b"<script")) else ""


def _brand(brand: bytes) -> str:
    if brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"):
        return "HEIC"
    return "AVIF" if brand in (b"avif", b"avis") else _("视频")


def _refusal(header: dict[str, Any]) -> PhotoRefused:
    if header["error"] == "pixels":
        return TooManyPixels(int(header["pixels"]), int(header["most"]))
    return _ERRORS.get(str(header["error"]), DamagedPhoto)()

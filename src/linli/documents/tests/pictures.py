"""Pictures made for the tests, honest and hostile."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 30), (30, 30, 200), (255, 255, 255)
SECRET = "CANARY-7f3a"


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def plain(kind: str = "JPEG", size: tuple[int, int] = (64, 48), colour: tuple[int, ...] = RED) -> bytes:
    return encoded(Image.new("RGB", size, colour), kind)


def quarters(size: tuple[int, int] = (80, 40)) -> Image.Image:
    """Red, green / blue, white: tells every turn and flip from every other."""
    width, height = size
    image = Image.new("RGB", size, WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def talkative_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = SECRET  # make
    exif[0x0112] = 1
    exif[0x8825] = {1: "N", 2: (30.0, 55.0, 12.5), 3: "E", 4: (113.0, 57.0, 30.25)}  # GPS
    exif[0x8769] = {
        0x927C: SECRET.encode() * 20,
        0x9286: SECRET.encode(),
        0xA431: SECRET,
    }  # MakerNote, comment
    return exif


def talkative_jpeg() -> bytes:
    """EXIF with GPS, MakerNote and a thumbnail, XMP, ICC text, IPTC, a comment, and bytes after the end."""
    image = Image.new("RGB", (64, 48), RED)
    icc = b"\0" * 36 + b"acsp" + b"\0" * 88 + b"desc" + SECRET.encode()
    data = encoded(
        image,
        exif=talkative_exif().tobytes(),
        icc_profile=icc,
        comment=SECRET.encode(),
        xmp=f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{SECRET}</x:xmpmeta>'.encode(),
    )
    iptc = b"Photoshop 3.0\0" + SECRET.encode()
    thumbnail = b"JFXX\0\x10" + plain(size=(8, 8))
    extra = b"".join(
        marker + struct.pack(">H", len(body) + 2) + body
        for marker, body in ((b"\xff\xed", iptc), (b"\xff\xe0", thumbnail), (b"\xff\xfe", SECRET.encode()))
    )
    return data[:2] + extra + data[2:] + SECRET.encode()


def talkative_png() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET)
    text.add_itxt("XML:com.adobe.xmp", SECRET)
    text.add_text("Comment", SECRET, zip=True)
    return encoded(
        Image.new("RGB", (64, 48), RED),
        "PNG",
        pnginfo=text,
        exif=talkative_exif(),
        icc_profile=SECRET.encode(),
    )


def talkative_webp() -> bytes:
    return encoded(
        Image.new("RGB", (64, 48), RED),
        "WEBP",
        exif=talkative_exif(),
        xmp=SECRET.encode(),
        icc_profile=SECRET.encode(),
    )


def png_that_claims(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG header of any size, with as little behind it as one likes."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def png_bomb(side: int = 20_000) -> bytes:
    """A true picture of side × side in a few kilobytes."""
    row = b"\0" * (1 + (side + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png_that_claims(side, side, body)


def png_with_text_bomb() -> bytes:
    bomb = b"Comment\0\0" + zlib.compress(b"A" * 200_000_000, 9)
    data = plain("PNG")
    return data[:33] + _chunk(b"zTXt", bomb) + data[33:]


def moving(kind: str) -> bytes:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, GREEN, BLUE)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

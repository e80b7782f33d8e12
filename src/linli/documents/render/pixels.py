"""The program that opens strangers' pictures: a process of its own with hard limits and no Django.

Run by path, isolated (`python -I pixels.py`), with one end of a socket as standard input. It reads a picture
and answers with three frames: a header in JSON, the picture, the thumbnail; every frame has its length in
front, in four bytes, most significant first. A picture is drawn anew from its pixels alone.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import resource
import signal
import socket
import time
import warnings
from collections.abc import Iterator

from PIL import Image, MpoImagePlugin, TiffImagePlugin, UnidentifiedImageError  # noqa: F401

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 50_000_000
LONGEST_SIDE = 2048
THUMBNAIL_SIDE = 480
BAND_PIXELS = 2_000_000
QUALITY = 82
MEMORY_BYTES = 640 * 1024 * 1024
CPU_SECONDS = 8
MAX_FRAME = 16 * 1024 * 1024
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Answer = tuple[dict[str, object], bytes, bytes]


class Moving(Exception):
    """The file holds several frames."""


def answer(data: bytes) -> Answer:
    """The header and the two pictures; where that fails, a header that names why."""
    try:
        picture = _drawn_anew(data)
        thumbnail = picture.copy()
        thumbnail.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
        header: dict[str, object] = {"width": picture.width, "height": picture.height}
        return header, _jpeg(picture), _jpeg(thumbnail)
    except Image.DecompressionBombError as error:
        count = re.search(r"\d+", str(error))
        return {"error": "pixels", "pixels": int(count[0]) if count else 0, "most": MAX_PIXELS}, b"", b""
    except Moving:
        return {"error": "moving"}, b"", b""
    except MemoryError:
        return {"error": "memory"}, b"", b""
    except UnidentifiedImageError:
        return {"error": "unidentified"}, b"", b""
    except Exception as error:  # whatever a decoder raises on a broken file, the file is at fault
        return {"error": "damaged", "detail": type(error).__name__}, b"", b""


def _drawn_anew(data: bytes) -> Image.Image:
    """Pixels on white, upright, at most LONGEST_SIDE long, in an image that knows nothing of the file."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as source:
        # A JPEG with more pictures behind the first (MPO: depth maps, panoramas) is what many phones write.
        if source.format in ("PNG", "WEBP") and getattr(source, "n_frames", 1) > 1:
            raise Moving
        longest = max(source.size)
        if longest > LONGEST_SIDE:  # lets the JPEG decoder skip what will be thrown away
            source.draft(
                None, (source.width * LONGEST_SIDE // longest, source.height * LONGEST_SIDE // longest)
            )
        source.load()
        turn = TURNS.get(_orientation(source))
        image = _reduced_on_white(source)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return image if turn is None else image.transpose(turn)


def _reduced_on_white(source: Image.Image) -> Image.Image:
    """The picture on white, at least half as long again as needed; band by band, to spare memory."""
    factor = max(1, max(source.size) * 2 // (LONGEST_SIDE * 3))
    rows = max(1, BAND_PIXELS // source.width // factor) * factor
    reduced = Image.new("RGB", (-(-source.width // factor), -(-source.height // factor)), "white")
    for top in range(0, source.height, rows):
        band = _on_white(source.crop((0, top, source.width, min(top + rows, source.height))))
        reduced.paste(band.reduce(factor), (0, top // factor))
    return reduced


def _orientation(source: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; upright where the tag is missing, odd or unreadable."""
    with contextlib.suppress(Exception):
        return int(source.getexif().get(ORIENTATION, 1))
    return 1


def _on_white(band: Image.Image) -> Image.Image:
    if band.mode.startswith("I"):  # 16 bits a channel: keep the upper eight
        return band.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if band.mode not in ("RGBA", "LA", "PA") and "transparency" not in band.info:
        return band.convert("RGB")
    band = band.convert("RGBA")
    white = Image.new("RGB", band.size, "white")
    white.paste(band, mask=band.getchannel("A"))
    return white


def _jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, progressive=True, optimize=True)
    return file.getvalue()


def _warm_up() -> None:
    """Load every decoder and code path, because afterwards no file can be opened any more."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for kind in FORMATS:
        file = io.BytesIO()
        Image.new("RGBA" if kind != "JPEG" else "RGB", (16, 16)).save(file, kind, exif=exif)
        answer(file.getvalue())
        answer(file.getvalue()[:-20])
    answer(b"no picture")


def _limit() -> None:
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow warns above this and refuses above twice this
    warnings.simplefilter("ignore")
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS knows some of these by name only
            resource.setrlimit(kind, (most, most))


def _limit_time() -> None:
    """The next picture may use CPU_SECONDS of processor time; the system ends the process after that."""
    spent = int(time.process_time()) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_SECONDS, resource.RLIM_INFINITY))


def _frames(channel: io.BufferedRWPair) -> Iterator[bytes]:
    while len(head := channel.read(4)) == 4:
        size = int.from_bytes(head, "big")
        if size > MAX_FRAME:
            return
        body = channel.read(size)
        if len(body) < size:
            return
        yield body


def _send(channel: io.BufferedRWPair, *frames: bytes) -> None:
    for frame in frames:
        channel.write(len(frame).to_bytes(4, "big"))
        channel.write(frame)
    channel.flush()


def main() -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C ends the parent, whose end of the socket then closes
    channel = socket.socket(fileno=0).makefile("rwb")
    _warm_up()
    _limit()
    _send(channel, b"ready")
    for data in _frames(channel):
        _limit_time()
        header, picture, thumbnail = answer(data)
        _send(channel, json.dumps(header).encode(), picture, thumbnail)


if __name__ == "__main__":
    main()

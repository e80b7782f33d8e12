import io
import os
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from linli.documents import render
from linli.documents.render import workshop
from linli.documents.tests import pictures
from linli.documents.tests.pictures import BLUE, GREEN, RED, SECRET, WHITE


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def is_like(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    "data",
    [pictures.talkative_jpeg(), pictures.talkative_png(), pictures.talkative_webp()],
    ids=["jpeg", "png", "webp"],
)
def test_leaves_nothing_but_pixels(data: bytes) -> None:
    assert SECRET.encode() in data
    photo = render.photo(data)
    for clean in (photo.jpeg, photo.thumbnail):
        image = opened(clean)
        assert not image.getexif()
        assert set(image.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }
        for trace in (SECRET.encode(), b"Exif", b"http", b"adobe", b"ICC", b"JFXX", b"Photoshop"):
            assert trace not in clean
        assert markers(clean) <= {0xD8, 0xE0, 0xDB, 0xC2, 0xC4, 0xDA, 0xD9}


def markers(data: bytes) -> set[int]:
    """Segment markers of a JPEG file: start, JFIF, tables, progressive frame, scans, end and no others."""
    return {
        data[place + 1]
        for place in range(len(data) - 1)
        if data[place] == 0xFF and data[place + 1] not in (0x00, 0xFF, *range(0xD0, 0xD8))
    }


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_stands_upright(kind: str, orientation: int) -> None:
    upright = pictures.quarters()
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = render.photo(pictures.encoded(lying, kind, exif=exif))
    assert (photo.width, photo.height) == upright.size
    image = opened(photo.jpeg)
    corners = [image.getpixel(place) for place in ((10, 10), (70, 10), (10, 30), (70, 30))]
    assert all(map(is_like, corners, (RED, GREEN, BLUE, WHITE)))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_odd_orientation_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert render.photo(pictures.encoded(pictures.quarters(), exif=exif))[1:3] == (80, 40)


def test_broken_exif_does_not_cost_the_photo() -> None:
    data = pictures.encoded(pictures.quarters(), exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 40)
    assert render.photo(data).width == 80


@pytest.mark.parametrize(
    ("size", "expected", "thumbnail"),
    [
        ((5000, 2500), (2048, 1024), (480, 240)),
        ((2500, 5000), (1024, 2048), (240, 480)),
        ((2048, 2048), (2048, 2048), (480, 480)),
        ((300, 200), (300, 200), (300, 200)),
        ((1, 1), (1, 1), (1, 1)),
        ((40_000, 20), (2048, 1), (480, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_is_as_large_as_useful(
    kind: str, size: tuple[int, int], expected: tuple[int, int], thumbnail: tuple[int, int]
) -> None:
    photo = render.photo(pictures.plain(kind, size))
    assert (photo.width, photo.height) == expected == opened(photo.jpeg).size
    assert opened(photo.thumbnail).size == thumbnail
    assert opened(photo.jpeg).info["progressive"]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_understands_every_kind_of_png(mode: str) -> None:
    photo = render.photo(pictures.encoded(Image.new(mode, (40, 30)), "PNG"))
    pixel = opened(photo.jpeg).getpixel((20, 15))
    assert is_like(pixel, WHITE if mode in ("LA", "RGBA") else (0, 0, 0))


def test_sixteen_bits_keep_their_brightness() -> None:
    image = Image.new("I;16", (40, 30), 128 * 257)
    assert is_like(
        opened(render.photo(pictures.encoded(image, "PNG")).jpeg).getpixel((9, 9)), (128, 128, 128)
    )


def test_transparent_colour_and_palette_come_out_white() -> None:
    for image in (Image.new("P", (40, 30), 0), Image.new("RGB", (40, 30), BLUE)):
        clear = 0 if image.mode == "P" else BLUE
        photo = render.photo(pictures.encoded(image, "PNG", transparency=clear))
        assert is_like(opened(photo.jpeg).getpixel((9, 9)), WHITE)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_understands_grey_and_print_jpegs(mode: str) -> None:
    photo = render.photo(pictures.encoded(Image.new(mode, (40, 30))))
    assert opened(photo.jpeg).mode == "RGB"


def test_takes_the_first_picture_of_a_phone_file_with_several() -> None:
    data = pictures.moving("MPO")
    assert is_like(opened(render.photo(data).jpeg).getpixel((8, 8)), RED)


def test_a_large_photo_of_every_kind_is_within_the_limits() -> None:
    for kind, mode in (("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "1")):
        data = pictures.encoded(Image.new(mode, (8000, 6000)), kind, compress_level=1)
        assert render.photo(data)[1:3] == (2048, 1536)


# --- refused ------------------------------------------------------------------------------------------


def test_a_photo_of_sixty_megapixels_is_refused_with_the_figure() -> None:
    with pytest.raises(render.TooManyPixels, match="6000 万像素") as caught:
        render.photo(pictures.encoded(Image.new("L", (10_000, 6_000)), "JPEG"))
    assert caught.value.field == "photo"


@pytest.mark.parametrize(
    "data",
    [
        pictures.png_bomb(),
        pictures.png_that_claims(2**31 - 1, 2**31 - 1),
        pictures.encoded(Image.new("RGB", (8000, 8000)), "WEBP", method=0),
    ],
    ids=["true bomb", "claim", "webp"],
)
def test_bombs_are_refused_quickly_and_cheaply(data: bytes) -> None:
    render.photo(pictures.plain())
    before = processor_time()
    with pytest.raises(render.TooManyPixels):
        render.photo(data)
    assert processor_time() - before < 2
    assert peak_memory() < 660 * 1024


def running() -> list[int]:
    return [bench.pid for bench in workshop._workshop.benches if bench.pid]


def processor_time() -> float:
    """Of the processes, in seconds: a busy machine lets them wait, but takes no more of it."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in running()]
    return sum(int(ticks) for stat in stats for ticks in stat[11:13]) / os.sysconf("SC_CLK_TCK")


def peak_memory() -> int:
    """Of the processes, in kilobytes."""
    peaks = []
    for pid in running():
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        peaks += [int(line.split()[1]) for line in status if line.startswith("VmPeak")]
    return max(peaks)


def test_a_text_bomb_is_refused() -> None:
    with pytest.raises(render.DamagedPhoto):
        render.photo(pictures.png_with_text_bomb())


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_moving_pictures_are_refused(kind: str) -> None:
    with pytest.raises(render.MovingPhoto, match="截取"):
        render.photo(pictures.moving(kind))


NOT_PHOTOS = {
    "PDF": b"%PDF-1.7\n1 0 obj << /OpenAction << /S /JavaScript >> >>",
    "GIF": pictures.plain("GIF"),
    "BMP": pictures.plain("BMP"),
    "TIFF": pictures.plain("TIFF"),
    "SVG": b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "HTML": b" <!DOCTYPE html><script>alert(1)</script>",
    "ZIP": b"PK\x03\x04" + b"\0" * 40,
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "AVIF": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
    "视频": b"\0\0\0\x18ftypisom\0\0\0\0",
    "EXE": b"MZ\x90\0",
}


@pytest.mark.parametrize("kind", NOT_PHOTOS)
def test_other_files_are_named_and_refused(kind: str) -> None:
    with pytest.raises(render.NotAPhoto, match=kind) as caught:
        render.photo(NOT_PHOTOS[kind])
    assert "上传" in caught.value.message


def test_nothing_too_much_and_noise_are_refused() -> None:
    with pytest.raises(render.EmptyPhoto):
        render.photo(b"")
    with pytest.raises(render.TooManyBytes, match="12 MB"):
        render.photo(b"\xff\xd8\xff" + bytes(render.MAX_BYTES))
    with pytest.raises(render.NotAPhoto):
        render.photo("我家门口的路灯坏了".encode())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_cut_off_anywhere_is_refused(kind: str) -> None:
    data = pictures.encoded(Image.effect_noise((300, 200), 60), kind)
    for part in (0.05, 0.3, 0.6, 0.9, 0.98):
        with pytest.raises((render.DamagedPhoto, render.NotAPhoto)):
            render.photo(data[: int(len(data) * part)])


def test_what_hides_behind_or_inside_a_photo_is_gone() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("secret.txt", SECRET)
    page = f"<html><script>alert('{SECRET}')</script>".encode()
    jpeg = pictures.plain()
    for hostile in (
        jpeg + archive.getvalue(),
        jpeg + page,
        pictures.encoded(Image.new("RGB", (64, 48), RED), comment=page),
        pictures.plain("PNG") + archive.getvalue(),
        jpeg[:2] + b"\xff\xfe" + len(page + b"12").to_bytes(2, "big") + page + jpeg[2:],
    ):
        photo = render.photo(hostile)
        assert not zipfile.is_zipfile(io.BytesIO(photo.jpeg))
        assert SECRET.encode() not in photo.jpeg + photo.thumbnail
        assert b"<script" not in photo.jpeg + photo.thumbnail


@given(
    noise=st.binary(max_size=3000),
    kind=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"]),
)
@settings(max_examples=150, deadline=None)
def test_noise_never_gets_further_than_a_named_error(noise: bytes, kind: bytes) -> None:
    with pytest.raises(render.PhotoRefused) as caught:
        render.photo(kind + noise)
    assert str(caught.value)
    assert not isinstance(caught.value, render.PhotosUnavailable | render.PhotosBusy)


SEEDS = [pictures.encoded(pictures.quarters(), kind) for kind in ("JPEG", "PNG", "WEBP")] + [
    pictures.talkative_jpeg(),
    pictures.talkative_png(),
    pictures.talkative_webp(),
    pictures.moving("PNG"),
    pictures.encoded(pictures.quarters(), progressive=True),
]


@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6
    ),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_photos_give_a_photo_or_a_named_error(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(seed)
    for place, value in changes:
        place %= len(data)
        data[place : place + len(value)] = value
    try:
        photo = render.photo(bytes(data))
    except (render.DamagedPhoto, render.NotAPhoto, render.MovingPhoto, render.TooManyPixels):
        return
    assert opened(photo.jpeg).size == (photo.width, photo.height)


def test_every_refusal_speaks_chinese_and_english() -> None:
    errors: list[render.PhotoRefused] = [
        render.EmptyPhoto(),
        render.TooManyBytes(),
        render.TooManyPixels(60_000_000, 50_000_000),
        render.NotAPhoto("PDF"),
        render.NotAPhoto("HEIC"),
        render.NotAPhoto(""),
        render.MovingPhoto(),
        render.DamagedPhoto(),
        render.TooCostlyPhoto(),
        render.PhotosBusy(),
        render.PhotosUnavailable(),
    ]
    with translation.override("zh-hans"):
        messages = [error.message for error in errors]
    assert all("照片" in message and message.endswith("。") for message in messages)
    assert "6000 万像素" in messages[2]
    with translation.override("en"):
        english = [error.message for error in errors]
    if english != messages:  # compiled by `make messages`
        assert all(message.isascii() or "“" in message for message in english)
        assert "60 megapixels" in english[2]
    assert len({error.code for error in errors}) == len(errors) - 2
    assert len(set(messages)) == len(messages)


# --- the processes ------------------------------------------------------------------------------------


@pytest.fixture
def shop() -> workshop.Workshop:
    return workshop.Workshop()


def test_the_program_knows_nothing_of_django() -> None:
    code = f"import runpy, sys; runpy.run_path({str(workshop.PROGRAM)!r}); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "PIL.Image" in loaded
    assert not {"django", "linli"} & set(loaded.split())


def test_the_program_can_open_no_file_and_start_no_program() -> None:
    render.photo(pictures.plain())
    pid = next(bench.pid for bench in workshop._workshop.benches if bench.pid)
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    limits = {line[:26].strip(): line[26:].split()[0] for line in lines}
    assert limits["Max open files"] == "3"
    assert limits["Max file size"] == limits["Max processes"] == limits["Max core file size"] == "0"
    assert int(limits["Max address space"]) <= 700 * 1024 * 1024
    assert limits["Max cpu time"] != "unlimited"


def test_one_process_serves_one_after_the_other(shop: workshop.Workshop) -> None:
    try:
        for _ in range(3):
            shop.work(pictures.plain())
        assert sum(bench.pid is not None for bench in shop.benches) == 1
    finally:
        shop.stop()


def test_a_killed_process_is_replaced(shop: workshop.Workshop) -> None:
    try:
        shop.work(pictures.plain())
        bench = next(bench for bench in shop.benches if bench.pid)
        first = bench.pid
        assert first
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        assert shop.work(pictures.plain()).header == {"width": 64, "height": 48}
        assert bench.pid != first
    finally:
        shop.stop()


def test_a_process_that_hangs_is_given_up_and_replaced(
    shop: workshop.Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        shop.work(pictures.plain())
        bench = next(bench for bench in shop.benches if bench.pid)
        assert bench.pid
        os.kill(bench.pid, signal.SIGSTOP)
        monkeypatch.setattr(workshop, "JOB_SECONDS", 0.3)
        with pytest.raises(workshop.GaveUp):
            shop.work(pictures.plain())
        monkeypatch.undo()
        assert shop.work(pictures.plain()).picture
    finally:
        shop.stop()


def tell_all(sign: signal.Signals) -> None:
    for pid in running():
        os.kill(pid, sign)


def test_a_process_killed_at_work_costs_one_photo_only(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = workshop._receive

    def killed(channel: socket.socket, deadline: float) -> bytes:
        tell_all(signal.SIGKILL)
        return receive(channel, deadline)

    render.photo(pictures.plain())
    tell_all(signal.SIGSTOP)  # it has its photo, and is not done before it is killed
    with monkeypatch.context() as patch:
        patch.setattr(workshop, "_receive", killed)
        with pytest.raises(render.TooCostlyPhoto):
            render.photo(pictures.plain())
    assert render.photo(pictures.plain()).width == 64


def test_a_program_that_does_not_start_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.stop()
    monkeypatch.setattr(workshop, "PROGRAM", workshop.PROGRAM.with_name("missing.py"))
    with pytest.raises(render.PhotosUnavailable, match="我们的问题"):
        render.photo(pictures.plain())
    monkeypatch.undo()
    assert render.photo(pictures.plain())


def test_when_all_are_busy_the_reader_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(workshop, "_workshop", workshop.Workshop(benches=0))
    with pytest.raises(render.PhotosBusy, match="过一分钟"):
        render.photo(pictures.plain())


def test_threads_get_their_own_photo_back() -> None:
    sizes = [(40 + n, 30 + 2 * n) for n in range(24)]
    results: dict[int, tuple[int, int]] = {}

    def work(n: int) -> None:
        photo = render.photo(pictures.plain("PNG" if n % 2 else "JPEG", sizes[n]))
        results[n] = (photo.width, photo.height)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(sizes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[n] for n in range(len(sizes))] == sizes
    assert sum(bench.pid is not None for bench in workshop._workshop.benches) <= workshop.BENCHES


def test_a_forked_process_starts_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    render.photo(pictures.plain())
    before = [bench.pid for bench in workshop._workshop.benches]
    child = os.fork()
    if child == 0:  # pragma: no cover  (in the child)
        is_right = render.photo(pictures.plain(size=(33, 44)))[1:3] == (33, 44)
        workshop.stop()
        os._exit(0 if is_right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert render.photo(pictures.plain()).width == 64
    assert [bench.pid for bench in workshop._workshop.benches] == before


def test_a_process_ends_with_its_parent(shop: workshop.Workshop) -> None:
    shop.work(pictures.plain())
    bench = next(bench for bench in shop.benches if bench.pid)
    bench.forget()
    assert bench._process
    assert bench._process.wait(timeout=60) == 0

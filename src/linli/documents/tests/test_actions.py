import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from linli.documents import actions, render
from linli.documents.actions import sealing, storing
from linli.documents.models import Attachment, Purpose, Upload
from linli.documents.tests import pictures
from linli.documents.tests.conftest import AT
from linli.kit.ids import uuid7
from linli.kit.sealing import Unreadable, keyring, rotation, standing_key

pytestmark = pytest.mark.django_db


def staged(name: str = "路灯.jpg", at: datetime = AT) -> Upload:
    return actions.stage(data=pictures.plain(), name=name, at=at)


def attached(case_id: UUID, *uploads: Upload | UUID, event_number: int = 1) -> list[Attachment]:
    return actions.attach(
        upload_ids=[upload.id if isinstance(upload, Upload) else upload for upload in uploads],
        case_id=case_id,
        event_number=event_number,
        purpose=Purpose.REPORT,
        is_public=True,
        at=AT + timedelta(minutes=5),
        by_label="反映人",
    )


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def make_older(folder: Path, moment: datetime) -> None:
    for path in files(folder):
        os.utime(path, (moment.timestamp(), moment.timestamp()))


# --- staging ------------------------------------------------------------------------------------------


def test_a_staged_photo_is_on_the_disk_before_its_row(folder: Path) -> None:
    upload = staged()
    assert upload.file.is_relative_to(folder)
    content = sealing.read(upload)
    assert (upload.width, upload.height, upload.size) == (64, 48, len(content))
    assert upload.sha256 == hashlib.sha256(content).hexdigest()
    assert sealing.read(upload, "thumbnail")[:3] == b"\xff\xd8\xff"
    assert files(folder) == sorted([upload.file, upload.thumbnail_file])
    assert Upload.objects.get() == upload


def test_a_photo_lies_sealed_until_it_has_a_case(
    folder: Path, case_id: UUID, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """The case of a request has no key of its own: its photos lie as its words do, once they are filed."""
    first, waiting = staged(), staged()
    for path in files(folder):
        assert path.read_bytes().startswith(sealing.MARK + sealing.STAGED)
    shutil.copy(first.file, waiting.file)
    with pytest.raises(Unreadable):
        sealing.read(waiting)
    with django_capture_on_commit_callbacks(execute=True):
        (filed,) = attached(case_id, first)
    assert filed.file.read_bytes().startswith(b"\xff\xd8\xff")
    assert filed.thumbnail_file.read_bytes().startswith(b"\xff\xd8\xff")
    assert hashlib.sha256(filed.file.read_bytes()).hexdigest() == filed.sha256


@pytest.mark.usefixtures("own_ring")
def test_a_new_server_key_takes_over_what_is_staged(folder: Path, case_id: UUID) -> None:
    waiting, left = staged(), staged()
    (filed,) = attached(case_id, left)  # as if the process had died before it could be opened
    before = keyring().current_id
    rotation.start("sm4-gcm")
    assert sealing.read(filed).startswith(b"\xff\xd8\xff")
    assert sealing.go_over() == 4
    assert sealing.go_over() == 0
    assert filed.file.read_bytes().startswith(b"\xff\xd8\xff")
    assert standing_key(waiting.file.read_bytes()[sealing.START :]) == before + 1
    assert sealing.read(waiting).startswith(b"\xff\xd8\xff")


def test_only_the_owner_of_the_server_may_read_the_files(folder: Path) -> None:
    upload = staged()
    assert upload.file.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_paths_are_spread_and_made_of_the_id_alone(folder: Path) -> None:
    uploads = [staged(name="../../../../etc/passwd") for _ in range(8)]
    assert len({upload.path[:5] for upload in uploads}) > 4
    for upload in uploads:
        assert upload.path == f"{str(upload.id)[-4:-2]}/{str(upload.id)[-2:]}/{upload.id}.jpg"


def test_a_refused_photo_leaves_nothing(folder: Path) -> None:
    with pytest.raises(render.NotAPhoto):
        actions.stage(data=b"%PDF-1.4", name="a.jpg", at=AT)
    assert not files(folder)
    assert not Upload.objects.exists()


@pytest.mark.parametrize("call", ["fsync", "open", "rename"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_leaves_old_or_new_and_never_half(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int, error: int
) -> None:
    before = staged()
    owner = Path if call == "rename" else os
    real = getattr(owner, call)
    count = 0

    def failing(*args: object, **kwargs: object) -> object:
        nonlocal count
        if call != "open" or str(folder) in str(args[0]):
            count += 1
            if count == nth:
                raise OSError(error, "planted")
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, call, failing)
    try:
        after = staged()
    except actions.PhotoNotStored as refusal:
        monkeypatch.undo()
        assert "我们的问题" in refusal.message  # noqa: PT017  (both endings are right, each with its own files)
        assert files(folder) == sorted([before.file, before.thumbnail_file])
        assert list(Upload.objects.all()) == [before]
        return
    monkeypatch.undo()
    assert Upload.objects.count() == 2
    assert len(files(folder)) == 4
    assert len(sealing.read(after)) == after.size


def test_photos_leave_room_for_the_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "FREE_BYTES", 1 << 60)
    with pytest.raises(actions.PhotoNotStored):
        staged()
    assert not files(folder)
    assert not Upload.objects.exists()


def test_no_row_means_no_photo_and_the_bytes_are_swept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Upload, "save", lambda *args, **kwargs: (_ for _ in ()).throw(IntegrityError("planted"))
    )
    with pytest.raises(IntegrityError):
        staged()
    monkeypatch.undo()
    assert len(files(folder)) == 2
    make_older(folder, AT)
    assert actions.sweep(at=AT + timedelta(hours=2)) == (0, 2)
    assert not files(folder)


@pytest.mark.parametrize("step", ["write", "fsync", "rename", "folder"])
def test_a_kill_at_any_step_leaves_whole_files_only(tmp_path: Path, step: str) -> None:
    """The writer runs in another process that kills itself just before the step."""
    target = tmp_path / "ab" / "cd" / "photo.jpg"
    code = f"""
import os, signal
from pathlib import Path
import django
django.setup()
from linli.documents.actions import sealing, storing
real_fsync, real_rename, seen = os.fsync, Path.rename, []
def die(): os.kill(os.getpid(), signal.SIGKILL)
def fsync(descriptor):
    seen.append(os.path.isdir(f"/proc/self/fd/{{descriptor}}"))
    if {step!r} == "fsync" and not seen[-1]: die()
    if {step!r} == "folder" and len(seen) == {4 if step == "folder" else 0}: die()
    real_fsync(descriptor)
def rename(self, other):
    if {step!r} == "rename": die()
    return real_rename(self, other)
os.fsync, Path.rename = fsync, rename
if {step!r} == "write":
    real_fdopen = os.fdopen
    def fdopen(*args):
        file = real_fdopen(*args)
        file.write(b"half")
        file.flush()
        die()
    os.fdopen = fdopen
storing.write(Path({str(target)!r}), b"whole")
"""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "linli.config.settings",
        "LINLI_VAR": str(tmp_path / "var"),
    }
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert run.returncode == -signal.SIGKILL, run.stderr
    if step == "folder":
        assert target.read_bytes() == b"whole"
    else:
        assert not target.exists()
        assert [path.name for path in files(tmp_path / "ab")] == ["photo.jpg.part"]


def test_photos_can_be_staged_at_the_same_time(folder: Path) -> None:
    """Files only: rows of other threads are outside this test's transaction."""
    paths: list[Path] = []

    def work(n: int) -> None:
        photo = render.photo(pictures.plain(size=(40 + n, 40)))
        path = folder / "ab" / "cd" / f"{uuid7()}.jpg"
        storing.write(path, photo.jpeg)
        paths.append(path)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files(folder) == sorted(paths)
    assert len(paths) == 12


# --- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("路灯.jpg", "路灯.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\灯.png", "灯.png"),
        ("a\0b\r\nc\t.jpg", "ab c .jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("灯💡👩‍🔧.jpg", "灯💡👩‍🔧.jpg"),
        ("", ""),
        ("..", ""),
        ("/", ""),
        ("CON", "CON"),
        ("a.jpg;filename*=UTF-8''b.exe", "a.jpg;filename*=UTF-8''b.exe"),
        ("\ud800灯.jpg", "灯.jpg"),
        ("灯" * 4096, "灯" * 80),
    ],
)
def test_a_name_is_a_label_and_nothing_else(name: str, shown: str) -> None:
    assert actions.display_name(name) == shown


@pytest.mark.parametrize("name", ["../x", "\0", "\u202egpj.exe", "💡", "灯" * 4096, "<b>&\"'", "\ud800"])
def test_no_name_keeps_a_photo_out(folder: Path, name: str) -> None:
    upload = staged(name)
    upload.refresh_from_db()
    assert len(upload.name) <= 80
    assert upload.file.is_relative_to(folder)


# --- attaching ----------------------------------------------------------------------------------------


def test_attaching_moves_photos_to_the_case(folder: Path, case_id: UUID) -> None:
    first, second = staged(), staged()
    with transaction.atomic():
        result = attached(case_id, second, first)
    assert [attachment.id for attachment in result] == [second.id, first.id]
    assert not Upload.objects.exists()
    stored = Attachment.objects.of_case(case_id).public()
    assert [attachment.id for attachment in stored] == [first.id, second.id]
    attachment = Attachment.objects.get(pk=(case_id, first.id))
    assert attachment.file == first.file
    assert attachment.file.is_file()
    assert (attachment.uploaded_at, attachment.attached_at) == (AT, AT + timedelta(minutes=5))
    assert (attachment.sha256, attachment.size, attachment.by_label) == (first.sha256, first.size, "反映人")
    assert not hasattr(attachment, "name")


def test_attaching_nothing_asks_nothing(
    case_id: UUID, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert attached(case_id) == []


def test_attaching_takes_three_statements(
    folder: Path, case_id: UUID, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    uploads = [staged() for _ in range(3)]
    with transaction.atomic(), django_assert_max_num_queries(3):
        attached(case_id, *uploads)


def test_a_photo_is_attached_once(folder: Path, case_id: UUID) -> None:
    upload = staged()
    attached(case_id, upload)
    with pytest.raises(actions.UploadsGone, match="第 1 张"), transaction.atomic():
        attached(case_id, upload, event_number=2)
    assert Attachment.objects.count() == 1


def test_one_id_twice_is_one_photo(folder: Path, case_id: UUID) -> None:
    upload = staged()
    assert len(attached(case_id, upload, upload)) == 1


def test_unknown_photos_are_named_and_nothing_is_attached(folder: Path, case_id: UUID) -> None:
    good = staged()
    with pytest.raises(actions.UploadsGone, match="第 1、3 张") as caught, transaction.atomic():
        attached(case_id, uuid7(), good, uuid7())
    assert caught.value.places == [1, 3]
    assert set(caught.value.errors) == {"photos"}
    assert Upload.objects.get() == good
    assert not Attachment.objects.exists()


def test_more_than_six_are_refused(folder: Path, case_id: UUID) -> None:
    with pytest.raises(actions.TooManyPhotos, match="最多 6 张"):
        attached(case_id, *(uuid7() for _ in range(7)))


def test_when_the_event_fails_the_photo_is_still_staged(folder: Path, case_id: UUID) -> None:
    upload = staged()
    with transaction.atomic():
        attached(case_id, upload)
        transaction.set_rollback(True)
    assert Upload.objects.get() == upload
    assert upload.file.is_file()


# --- sweeping -----------------------------------------------------------------------------------------


def test_sweeps_what_nobody_used_for_a_day(
    folder: Path, case_id: UUID, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    old, used, fresh = staged(), staged(), staged(at=AT + timedelta(hours=23))
    attached(case_id, used)
    make_older(folder, AT)
    with django_capture_on_commit_callbacks(execute=True):
        assert actions.sweep(at=AT + timedelta(hours=25)) == (1, 2)
    assert list(Upload.objects.all()) == [fresh]
    assert not old.file.exists()
    kept = [used.file, used.thumbnail_file, fresh.file, fresh.thumbnail_file]
    assert files(folder) == sorted(kept)
    assert actions.sweep(at=AT + timedelta(hours=25)) == (0, 0)


def test_sweeps_torn_files_but_not_those_being_written(folder: Path) -> None:
    now = datetime.now(UTC)
    upload = staged(at=now)
    torn = upload.file.with_name(upload.file.name + ".part")
    torn.write_bytes(b"half")
    stranger = upload.file.with_name("notes.txt")
    stranger.write_bytes(b"?")
    assert actions.sweep(at=now).orphans == 0
    assert torn.exists()
    make_older(folder, now - timedelta(hours=2))
    assert actions.sweep(at=now).orphans == 2
    assert files(folder) == sorted([upload.file, upload.thumbnail_file])


def test_sweeping_before_anything_was_stored_is_fine(folder: Path) -> None:
    assert actions.sweep(at=AT) == (0, 0)

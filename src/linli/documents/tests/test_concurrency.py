import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from linli.cases.models import Case
from linli.documents import actions
from linli.documents.models import Attachment, Purpose, Upload
from linli.documents.tests import pictures
from linli.documents.tests.conftest import AT, open_case


@pytest.fixture
def case(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Case]:
    """A case other connections can see, taken away afterwards."""
    with django_db_blocker.unblock():
        if connection.vendor != "postgresql":
            pytest.skip("SQLite in memory serves one connection")
        case = open_case()
        yield case
        Attachment.objects.filter(case=case).delete()
        Upload.objects.all().delete()
        case.delete()


def attach(case: Case, upload: Upload, number: int) -> None:
    actions.attach(
        upload_ids=[upload.id],
        case_id=case.id,
        event_number=number,
        purpose=Purpose.REPORT,
        is_public=True,
        at=AT,
        by_label="反映人",
    )


def in_threads(*works: object) -> list[str]:
    outcomes: list[str] = []
    barrier = threading.Barrier(len(works))

    def run(work: object) -> None:
        barrier.wait()
        try:
            assert callable(work)
            outcomes.append(str(work()))
        except actions.UploadsGone:
            outcomes.append("gone")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def test_two_at_once_attach_a_photo_once(folder: Path, case: Case) -> None:
    upload = actions.stage(data=pictures.plain(), name="", at=AT)

    def work(number: int) -> str:
        with transaction.atomic():
            attach(case, upload, number)
            time.sleep(0.1)
        return "attached"

    assert in_threads(lambda: work(1), lambda: work(2)) == ["attached", "gone"]
    assert Attachment.objects.filter(case=case).count() == 1
    assert upload.file.is_file()


def test_sweeping_while_somebody_attaches_keeps_the_bytes_of_whoever_won(folder: Path, case: Case) -> None:
    for number in range(1, 6):
        upload = actions.stage(data=pictures.plain(), name="", at=AT)

        def work(upload: Upload = upload, number: int = number) -> str:
            with transaction.atomic():
                attach(case, upload, number)
                time.sleep(0.01 * (number % 3))
            return "attached"

        def sweep() -> str:
            return f"swept {actions.sweep(at=AT + timedelta(hours=25)).uploads}"

        outcome = in_threads(work, sweep)
        assert outcome in (["attached", "swept 0"], ["gone", "swept 1"])
        assert upload.file.is_file() is ("attached" in outcome)

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django import Settings

from linli.cases.models import Case
from linli.kit.ids import uuid7

AT = datetime(2026, 9, 30, 1, 0, tzinfo=UTC)


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Where photos are kept during the test."""
    settings.ATTACHMENTS = tmp_path / "attachments"
    return tmp_path / "attachments"


def open_case() -> Case:
    """A case, written straight into its table: photos only need it to exist."""
    return Case.objects.create(
        id=uuid7(),
        kind="service_request",
        procedure_version=1,
        number="420921-260930-0001",
        title="路灯不亮",
        channel="portal",
        state="reported",
        state_since=AT,
        opened_at=AT,
        received_at=AT,
    )


@pytest.fixture
def case_id() -> UUID:
    return open_case().id

"""Every column of every table is accounted for, and docs/processing-record.md says what the register says."""

from __future__ import annotations

from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.test.utils import isolate_apps

from linli.privacy.actions import register


def test_every_column_of_every_table_is_covered() -> None:
    assert register.faults(apps.get_models()) == [], (
        "a column needs its line in privacy/data/register.toml: what it is (and, where it differs from its table, what "
        "for, on which ground, who sees it, how long it is kept): `linli register --missing` names what to fill in, "
        "`linli register` then writes docs/processing-record.md"
    )


def test_the_record_of_processing_is_up_to_date() -> None:
    call_command("register", "--check")


@isolate_apps("linli.cases")
def test_catches_a_column_nobody_accounts_for() -> None:
    class Case(models.Model):
        pulse = models.IntegerField()

        class Meta:
            app_label = "cases"

    found = register.faults([Case])
    assert "cases.Case.pulse has no entry" in found
    assert "cases.Case.title is not there any more" in found

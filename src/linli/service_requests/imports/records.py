"""A record of a file before anybody knows what its cells mean, and what can be wrong with a file or a row."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext as _


class FileRefused(ValueError):
    """The file is not what the mapping describes; nothing of it was taken in."""


class Reject(NamedTuple):
    """A row that was not taken in. `row` counts the first line of the file as 1."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return _("第 %(row)d 行，%(column)s：%(reason)s") % {
            "row": self.row,
            "column": self.column or _("整行"),
            "reason": self.reason,
        }


class Record(NamedTuple):
    """The cells of a row as text; `dates` holds those a spreadsheet keeps as dates, by place."""

    number: int
    cells: list[str]
    dates: dict[int, date]

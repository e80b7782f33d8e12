"""The longest list there is as a file of each form: how long, how many rows a second, how much memory at most.

Each form is measured in a process of its own that does what the worker does, so that the memory is its own alone.
"""

from __future__ import annotations

import resource
import time
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.documents.actions import exporting, listings
from linli.documents.models import Export, ExportState, Format
from linli.kit import clock
from linli.ops.bench import county
from linli.people.access import posts_of

ROWS = 1_000_000
QUICK_ROWS = 20_000
FORMS = tuple(Format.values)


def fill(*, is_quick: bool) -> None:
    """As many cases as are to be exported."""
    county.fill(clock.now())
    county.mark_base()
    county.grow(QUICK_ROWS if is_quick else ROWS)


def measure(form: str) -> dict[str, Any]:
    """One export of all cases, open and closed, by a dispatcher of the county."""
    (post,) = posts_of(county.account("county"), clock.now())
    given = {"listing": "cases", "query": "open=all", "form": form, "language": "zh-hans"}
    asked = exporting.ask(**given, by=post, at=clock.now())
    exporter, begin, longest = exporting.Exporter(), time.monotonic(), 0.0
    while True:
        turned = time.monotonic()
        if not exporter.turn(at=clock.now()):
            break
        longest = max(longest, time.monotonic() - turned)
    seconds = time.monotonic() - begin
    export = Export.objects.get(pk=asked.pk)
    if export.state != ExportState.DONE or export.rows_done != Case.objects.count():
        raise CommandError(_("%(form)s 没有导成：%(state)s。") % {"form": form, "state": export.trouble})
    return {
        "rows": export.rows_done,
        "columns": len(listings.known()["cases"].columns),
        "seconds": round(seconds, 1),
        "per_second": round(export.rows_done / seconds),
        "longest_turn_s": round(longest, 2),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "file_mb": round(export.size / 1e6, 1),
    }

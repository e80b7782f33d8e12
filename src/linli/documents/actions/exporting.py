"""Taking a list out as a file: asked for by somebody under a post, made by the worker, fetched by nobody else.

An export belongs to the attempt whose name stands in `run`; every step is a conditional update on that name, so a
worker that lost its lease, or whose export was cancelled, finds out at its next batch and throws its file away.
A killed worker's export starts again from nothing when its lease has run out: half a file is never continued.
"""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import Error, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from linli.documents.actions import listings, storing
from linli.documents.actions.listings import Asked, Listing
from linli.documents.models import Export, ExportQuerySet, ExportState, Format, Trouble
from linli.documents.render import tables
from linli.documents.render.tables import Column, Rows, Style, Writer
from linli.kit import ids, lists
from linli.people.access import Actor, posts_of
from linli.people.actions import note_change
from linli.people.models import Grant, Person

MOST_UNFINISHED = 5  # of one person
AT_ONCE = 3  # of one worker, in turns, so that a short list does not wait for a long one
LEASE = timedelta(seconds=60)
TRIES = 3
LONGEST_QUERY = 1000
UNWANTED_KEPT = timedelta(hours=24)  # how long it is said that something failed or was cancelled
ORPHANS_KEPT = timedelta(hours=1)

logger = logging.getLogger(__name__)


class ExportRefused(Exception):
    """An export that cannot be asked for; `message` says why."""

    @property
    def message(self) -> str:
        return ""


class NoSuchListing(ExportRefused):
    """Unknown, or not for this post: both look the same."""

    @property
    def message(self) -> str:
        return _("没有这个名单。")


class NoSuchFormat(ExportRefused):
    @property
    def message(self) -> str:
        return _("格式：请选 %(formats)s。") % {"formats": lists.listed(Format.labels)}


class FilterTooLong(ExportRefused):
    @property
    def message(self) -> str:
        return _("筛选条件太长，请去掉几个再导出。")


class TooManyExports(ExportRefused):
    @property
    def message(self) -> str:
        return _("您已有 %(n)d 个导出没做完，等做完或者取消几个再来。") % {"n": MOST_UNFINISHED}


def ask(*, listing: str, query: str, form: str, language: str, by: Actor, at: datetime) -> Export:
    """Puts an export in the queue."""
    chosen = listings.known().get(listing)
    if chosen is None or by.person_id is None or not chosen.is_open_to(by):
        raise NoSuchListing
    if form not in Format.values:
        raise NoSuchFormat
    if len(query) > LONGEST_QUERY:
        raise FilterTooLong
    with transaction.atomic():
        Person.objects.select_for_update(no_key=True).get(
            pk=by.person_id
        )  # one question of a person at a time
        if Export.objects.filter(person_id=by.person_id).unfinished().count() >= MOST_UNFINISHED:
            raise TooManyExports
        return Export.objects.create(
            person_id=by.person_id,
            grant_id=by.grant_id,
            listing=listing,
            query=query,
            source=by.source,
            format=form,
            language=language,
            asked_at=at,
        )


def cancel(*, export_id: UUID, by: Actor, at: datetime) -> bool:
    """Stops an export that is not finished; the worker throws away what it has at its next batch."""
    wanted = Export.objects.under(by).unfinished().filter(pk=export_id)
    return bool(wanted.update(state=ExportState.CANCELLED, run=None, held_until=None, done_at=at))


def remove(*, export_id: UUID, by: Actor) -> bool:
    """Deletes a finished export and its file."""
    ended = (ExportState.DONE, ExportState.FAILED, ExportState.CANCELLED)
    return _delete(Export.objects.under(by).filter(pk=export_id, state__in=ended)) > 0


def note_fetching(*, export: Export, by: Actor, at: datetime) -> None:
    """Writes down that a file left the house."""
    note_change(by=by, at=at, what="export.fetched", target=_target(export), after=_facts(export))


def fetchable(*, export_id: UUID, by: Actor, at: datetime) -> Export | None:
    """The export, while its file may be fetched by this very post; rights are those of now."""
    export = Export.objects.under(by).ready(at).filter(pk=export_id).first()
    listing = listings.known().get(export.listing) if export else None
    return export if listing is not None and listing.is_open_to(by) else None


def label_of(export: Export) -> str:
    listing = listings.known().get(export.listing)
    return str(listing.label) if listing else export.listing


# Running -----------------------------------------------------------------------------------------


@dataclass
class Running:
    """An export in the making: its row as claimed, its post, and the file so far."""

    export: Export
    run: UUID
    listing: Listing
    post: Actor
    batches: Iterator[Rows]
    writer: Writer
    part: Path
    rows: int = 0

    @property
    def row(self) -> ExportQuerySet:
        """The row, while it is still this attempt's."""
        return Export.objects.filter(pk=self.export.pk, run=self.run, state=ExportState.RUNNING)

    def drop(self) -> None:
        """Throws the file so far away."""
        with contextlib.suppress(Exception):
            self.writer.close()
        storing.unlink(self.part)


@dataclass
class Exporter:
    """What one worker is exporting: a few lists in turns, a batch of each at a time."""

    running: list[Running] = field(default_factory=list)

    def turn(self, *, at: datetime) -> int:
        """One batch of each export at hand, after taking on what waits; 0 when there is nothing to do."""
        worked = 0
        while len(self.running) < AT_ONCE:
            export = claim(at=at)
            if export is None:
                break
            worked += 1
            with override(export.language):
                begun = _begin(export, at)
            if begun is not None:
                self.running.append(begun)
        for running in list(self.running):
            worked += 1
            with override(running.export.language):
                self._batch(running, at)
        return worked

    def close(self) -> None:
        """Gives back what is at hand, so that the next worker need not wait for the leases."""
        for running in self.running:
            running.drop()
            running.row.update(state=ExportState.WAITING, run=None, held_until=None, tries=F("tries") - 1)
        self.running = []

    def _batch(self, running: Running, at: datetime) -> None:
        is_over = True
        try:
            is_over = _step(running, at)
        except Error:  # the database's; the lease runs out and somebody begins anew
            raise
        except OSError as error:
            logger.exception("An export could not be written")
            _fail(running, Trouble.NO_ROOM if error.errno == errno.ENOSPC else Trouble.BROKEN, at)
        except Exception:
            logger.exception("An export failed")
            _fail(running, Trouble.BROKEN, at)
        finally:
            if is_over:
                running.drop()
                self.running.remove(running)


def claim(*, at: datetime) -> Export | None:
    """The oldest export that waits, or whose worker has not been heard of; of two who ask one gets it."""
    free = Q(state=ExportState.WAITING) | Q(state=ExportState.RUNNING, held_until__lt=at)
    for export in Export.objects.filter(free).order_by("asked_at")[: 2 * AT_ONCE]:
        same = Export.objects.filter(pk=export.pk, state=export.state, run=export.run)
        if export.tries >= TRIES:
            same.update(**_ended(Trouble.BROKEN, at))
            continue
        run = ids.uuid7()
        changes = {"run": run, "held_until": at + LEASE, "tries": export.tries + 1, "rows_done": 0}
        if same.update(state=ExportState.RUNNING, **changes):
            return Export.objects.get(pk=export.pk)
    return None


def standing_post(export: Export, at: datetime) -> Actor | None:
    """The post the export was asked for under, as it is now; None once it, or the account, is gone."""
    person = Person.objects.filter(pk=export.person_id, is_active=True).first()
    if person is None:
        return None
    post = next((post for post in posts_of(person, at) if post.grant_id == export.grant_id), None)
    return replace(post, source=export.source) if post is not None else None


def _begin(export: Export, at: datetime) -> Running | None:
    listing, post = listings.known().get(export.listing), standing_post(export, at)
    assert export.run is not None
    row = Export.objects.filter(pk=export.pk, run=export.run)
    if listing is None or post is None or not listing.is_open_to(post):
        row.update(**_ended(Trouble.LIST_GONE if listing is None else Trouble.RIGHTS, at))
        return None
    part = settings.EXPORTS / f"{export.pk}.{export.run}{storing.PART}"
    columns = [Column(column.name, str(column.label), column.kind) for column in listing.columns]
    style = Style(str(listing.label), ZoneInfo(settings.TIME_ZONE), _("是"), _("否"))
    try:
        storing.require_room(settings.EXPORTS)
        storing.unlink(
            *settings.EXPORTS.glob(f"{export.pk}.*{storing.PART}")
        )  # of an attempt that was killed
        writer = tables.begin(export.format, part, columns, style)
    except OSError:
        logger.exception("An export could not be begun")
        row.update(**_ended(Trouble.NO_ROOM, at))
        return None
    asked = Asked(post, export.query, at)
    batches = _counted(listing, asked, export)
    return Running(export, export.run, listing, post, batches, writer, part)


def _counted(listing: Listing, asked: Asked, export: Export) -> Iterator[Rows]:
    """The rows, after saying how many there may be."""
    expected = listing.expected(asked)
    Export.objects.filter(pk=export.pk, run=export.run).update(rows_expected=expected)
    yield from listing.rows(asked)


def _step(running: Running, at: datetime) -> bool:
    """One batch; whether the export has come to its end, good or bad."""
    post = standing_post(running.export, at)
    if post is None or not running.listing.is_open_to(post):
        _fail(running, Trouble.RIGHTS, at)
        return True
    if (
        post != running.post or post.posted_at != running.post.posted_at
    ):  # other rights: begin anew under them
        running.row.update(state=ExportState.WAITING, run=None, held_until=None)
        return True
    rows = next(running.batches, None)
    if rows is None:
        _finish(running, at)
        return True
    storing.require_room(settings.EXPORTS)
    running.writer.write(rows)
    running.rows += len(rows)
    is_ours = running.row.update(rows_done=running.rows, held_until=at + LEASE)
    return not is_ours


def _finish(running: Running, at: datetime) -> None:
    """The file under its name first, then the row: a row that says done never lacks its file."""
    running.writer.close()
    export = running.export
    size = running.part.stat().st_size
    storing.finish(running.part, export.file)
    with transaction.atomic():
        is_ours = running.row.update(
            state=ExportState.DONE,
            rows_done=running.rows,
            rows_expected=running.rows,
            size=size,
            done_at=at,
            expires_at=at + timedelta(hours=settings.EXPORT_HOURS),
            held_until=None,
        )
        if is_ours:
            export.rows_done = running.rows
            facts = _facts(export)
            note_change(by=running.post, at=at, what="export.made", target=_target(export), after=facts)
    if not is_ours:
        storing.unlink(export.file)


def _fail(running: Running, trouble: Trouble, at: datetime) -> None:
    running.row.update(**_ended(trouble, at))


def _ended(trouble: Trouble, at: datetime) -> dict[str, object]:
    return {
        "state": ExportState.FAILED,
        "trouble": trouble,
        "done_at": at,
        "run": None,
        "held_until": None,
        "rows_done": 0,
    }


def _target(export: Export) -> tuple[str, object, str]:
    return "export", export.pk, label_of(export)


def _facts(export: Export) -> dict[str, object]:
    """What is noted of an export: never the words that were searched for, which may be somebody's name."""
    asked = {name for name, value in parse_qsl(export.query) if value}
    return {
        "listing": export.listing,
        "format": export.format,
        "rows": export.rows_done,
        "filters": sorted(asked),
    }


# Sweeping ----------------------------------------------------------------------------------------


def sweep(*, at: datetime) -> int:
    """Deletes what has expired, what belongs to a post that has ended, old failures, and files no row knows."""
    over = Q(state=ExportState.DONE, expires_at__lte=at)
    over |= Q(state__in=(ExportState.FAILED, ExportState.CANCELLED), done_at__lte=at - UNWANTED_KEPT)
    gone = Q(state=ExportState.DONE) & (Q(person__is_active=False) | ~_post_stands(at))
    return _delete(Export.objects.filter(over | gone)) + _sweep_orphans(at)


def _post_stands(at: datetime) -> Q:
    return Q(grant=None) | Q(grant__in=Grant.objects.active(at))


def _delete(exports: ExportQuerySet) -> int:
    """Rows first, in one statement each, then their files: whoever deletes the row deletes the file."""
    deleted = 0
    for export in list(exports):
        if exports.model.objects.filter(pk=export.pk, state=export.state).delete()[0]:
            transaction.on_commit(partial(storing.unlink, export.file))
            deleted += 1
    return deleted


def _sweep_orphans(at: datetime) -> int:
    folder = Path(settings.EXPORTS)
    before = (at - ORPHANS_KEPT).timestamp()
    old = [path for path in folder.glob("*") if _modified(path) < before]
    wanted = {key for path in old if (key := _id_of(path))}
    rows = {row.pk: row for row in Export.objects.filter(pk__in=wanted)}
    swept = 0
    for path in old:
        row = rows.get(_id_of(path) or UUID(int=0))
        is_known = row is not None and (path == row.file or path.name == f"{row.pk}.{row.run}{storing.PART}")
        if not is_known:
            storing.unlink(path)
            swept += 1
    return swept


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")


def _id_of(path: Path) -> UUID | None:
    try:
        return UUID(path.name.split(".")[0])
    except ValueError:
        return None

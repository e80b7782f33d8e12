"""One file of requests, shared by a process a core: on PostgreSQL they write side by side, SQLite has one writer."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from queue import Empty
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, connections
from django.utils.translation import gettext as _

from linli.ops import serving
from linli.service_requests import imports

SMALL = 200_000  # bytes: below, starting processes takes longer than they save
LOOKS_EVERY = 1.0

Tell = Callable[[imports.Outcome], None]


@dataclass(frozen=True)
class Job:
    """A file to take in at a moment, or the first rows of it."""

    source: imports.Source
    mapping: imports.Mapping
    at: datetime
    limit: int | None

    def run(self, outcome: imports.Outcome, tell: Tell) -> None:
        """Takes the file in; `outcome` grows with every batch, and `tell` hears of it."""
        count = self._processes()
        if count == 1:
            self._take(outcome, tell, (0, 1))
            return
        imports.found_lists(source=self.source, mapping=self.mapping, at=self.at, limit=self.limit)
        self._share(count, outcome, tell)
        outcome.rejects.sort(key=lambda reject: reject.row)

    def _processes(self) -> int:
        """One where others could not see what this one has begun, or would only wait for it."""
        if connection.in_atomic_block or self.source.size < SMALL:
            return 1
        return serving.processes()

    def _take(self, outcome: imports.Outcome, tell: Tell, share: tuple[int, int]) -> None:
        with _no_collections():
            imports.take_in(
                source=self.source,
                mapping=self.mapping,
                at=self.at,
                limit=self.limit,
                tell=tell,
                outcome=outcome,
                share=share,
            )

    def _share(self, count: int, outcome: imports.Outcome, tell: Tell) -> None:
        connections.close_all()  # each process opens its own
        context = get_context("fork")
        news = context.Queue()
        workers = [context.Process(target=self._work, args=(news, (k, count))) for k in range(count)]
        for worker in workers:
            worker.start()
        try:
            for batch, position in _heard(news, workers):
                self.source.position = max(self.source.position, position)
                _add(outcome, batch)
                tell(outcome)
            for worker in workers:
                worker.join()
        finally:
            for worker in workers:
                worker.terminate()  # where it has not finished; what it has not committed is undone

    def _work(self, news: Any, share: tuple[int, int]) -> None:
        """The life of one process: its share of the batches, each reported when it is committed."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides
        done = imports.Outcome()

        def report(outcome: imports.Outcome) -> None:
            batch = imports.Outcome(
                outcome.rows - done.rows,
                outcome.new - done.new,
                outcome.known - done.known,
                outcome.rejects[len(done.rejects) :],
            )
            _add(done, batch)
            news.put((batch, self.source.position))

        try:
            self._take(imports.Outcome(), report, share)
            news.put(None)
        except Exception as error:
            news.put(f"{type(error).__name__}: {error}")
        finally:
            connections.close_all()


def _heard(news: Any, workers: Sequence[BaseProcess]) -> Iterator[tuple[imports.Outcome, int]]:
    """Batches as they are committed, until every process has finished. CommandError when one fails or dies."""
    working = len(workers)
    while working:
        try:
            heard = news.get(timeout=LOOKS_EVERY)
        except Empty:
            if any(worker.exitcode for worker in workers):
                raise CommandError(
                    _("导入的一个进程停了。已导入的都是完整的；再运行一次，会接着导入。")
                ) from None
            continue
        if isinstance(heard, str):
            raise CommandError(heard)
        if heard is None:
            working -= 1
        else:
            yield heard


def _add(outcome: imports.Outcome, batch: imports.Outcome) -> None:
    outcome.rows += batch.rows
    outcome.new += batch.new
    outcome.known += batch.known
    outcome.rejects += batch.rejects


@contextmanager
def _no_collections() -> Iterator[None]:
    """A batch makes many objects and no cycles: not looking for any saves a quarter of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

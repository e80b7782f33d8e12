"""Sends what is due to webhooks, several at a time, while the worker goes on with its round.

Threads here speak to the network and never to the database: what they send is made before, what came of it is written
after, both by the worker. A line that hangs ties up one of its own target's few places and nobody else's.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime

from linli.notify.actions import sending
from linli.notify.actions.sending import Letter, Outcome
from linli.notify.senders import guarded
from linli.notify.senders.addresses import Refused

AT_ONCE = 16
PAUSE = 0.1  # seconds a round waits for a line, so that it neither spins nor holds up the others
SUCCESS = range(200, 300)


def post(letter: Letter) -> Outcome:
    """One attempt; whatever goes wrong has one word. Of the answer only the status is kept."""
    try:
        answer = guarded.ask("POST", letter.url, headers=letter.headers, body=letter.body)
    except Refused as error:
        return Outcome(None, f"refused_{error.why}")
    except guarded.Failed as error:
        return Outcome(error.status, error.why)
    return Outcome(answer.status, "" if answer.status in SUCCESS else "status")


@dataclass
class Post:
    """The letters under way in this process."""

    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "webhook"))
    under_way: dict[Future[Outcome], Letter] = field(default_factory=dict)

    def run(self, at: datetime) -> int:
        """Takes up what is due, notes what has come back; returns how much there was to do."""
        out = Counter(letter.webhook_id for letter in self.under_way.values())
        for letter in sending.claim(at=at, limit=AT_ONCE - len(self.under_way), under_way=out):
            self.under_way[self.pool.submit(post, letter)] = letter
        if not self.under_way:
            return 0
        busy = len(self.under_way)
        done, _rest = wait(self.under_way, timeout=PAUSE, return_when=FIRST_COMPLETED)
        for future in done:
            sending.finish(letter=self.under_way.pop(future), outcome=future.result(), at=at)
        return busy

"""What a write of a program was answered, so that the same write sent again gets the same answer."""

from __future__ import annotations

from django.db import models


class Answer(models.Model):
    """One write under an idempotency key; `status` is empty while nothing has been answered.

    The key is the keyed hash of API key and idempotency key, `sent` that of the address and the body. No
    answer holds a secret: a tracking code is worked out anew.
    """

    digest = models.BinaryField(max_length=32, primary_key=True)
    sent = models.BinaryField(max_length=32)
    at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="")

    def __str__(self) -> str:
        return f"{bytes(self.digest).hex()[:8]} {self.status or '—'}"

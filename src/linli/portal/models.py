"""What the public face keeps of its own: how often one address has lately guessed at tracking codes."""

from __future__ import annotations

from django.db import models


class Attempt(models.Model):
    """Wrong tracking codes from one address, as a bucket that leaks.

    `digest` is a keyed hash of the address and the day, so nothing here leads back to anybody. The bucket is
    empty at `until`; rows in the past are cleared away.
    """

    digest = models.BinaryField(max_length=32, primary_key=True)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:8]

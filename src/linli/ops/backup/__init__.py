"""Backups: one file with the database, the photos and a sealed list of both; refused when a byte is not as it was.

`bundle` is the file, `engines` what each database can do, `taking` and `restoring` the two verbs.
"""

from .bundle import BackupError
from .restoring import Restored, restore
from .taking import Taken, take

__all__ = ["BackupError", "Restored", "Taken", "restore", "take"]

"""Sealing: what the database holds and cannot read.

`cipher` seals and opens bytes for one place, `keys` keeps the server's keys and `vault` those of cases outside the
database, `field` is a model field, `rotation` goes over to new keys while everything runs.
"""

from . import rotation, vault
from .cipher import Place, Unreadable, open_sealed, seal, seal_for_server, seal_in_box, standing_key
from .field import CASE, SERVER, Sealed, SealedField, Unread, part_of, sealed_fields
from .keys import Key, Keyring, KeyringError, keyring, ring_with

__all__ = [
    "CASE",
    "SERVER",
    "Key",
    "Keyring",
    "KeyringError",
    "Place",
    "Sealed",
    "SealedField",
    "Unread",
    "Unreadable",
    "keyring",
    "open_sealed",
    "part_of",
    "ring_with",
    "rotation",
    "seal",
    "seal_for_server",
    "seal_in_box",
    "sealed_fields",
    "standing_key",
    "vault",
]

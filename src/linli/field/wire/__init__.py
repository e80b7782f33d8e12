"""What travels between phone and server: how it is sealed, in which version, and in which form."""

from .commands import CURRENT, Command, Malformed, read, upcast
from .sealing import Damaged, public_key, seal, unseal

__all__ = ["CURRENT", "Command", "Damaged", "Malformed", "public_key", "read", "seal", "unseal", "upcast"]

"""`linli import requests`: the command, and how processes share its file."""

from .command import add_arguments, run

__all__ = ["add_arguments", "run"]

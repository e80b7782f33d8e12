"""`linli import requests`: the command, its dry run, and how processes share its file."""

from .command import add_arguments, run

__all__ = ["add_arguments", "run"]

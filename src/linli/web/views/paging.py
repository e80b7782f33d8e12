"""Pages of the desk's lists (`linli.cases.actions.paging`)."""

from linli.cases.actions.paging import SEPARATOR, SIZE, Key, Page, desk, newest, older, searched, urgent

__all__ = ["SEPARATOR", "SIZE", "Key", "Page", "desk", "newest", "older", "searched", "urgent"]

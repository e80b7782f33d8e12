"""A fault of our own, at either door for programs: logged, and told without a word of what it was."""

from __future__ import annotations

import logging

from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


def noted(request: HttpRequest, error: Exception) -> str:
    """Writes it down for us; returns what is told, in the language of the request."""
    logger.error("A request of a program failed", exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return _("我们已经记下，会去查。什么都没有改变，可以再试一次。")

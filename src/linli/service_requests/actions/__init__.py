"""The verbs of requests: take in, route, find duplicates, load the lists a county starts with."""

from .duplicates import Likeness, similar_cases
from .lists import install_lists
from .publishing import PublicRequest, masked, public_view, published
from .questions import moment_of, questions_of, told, written
from .routing import Routing, broken_rules, problem, route, rules
from .submitting import (
    LONGEST,
    Receipt,
    Submission,
    check,
    digest_of,
    find_by_code,
    opening_of,
    submit,
    tracking_code,
)

__all__ = [
    "LONGEST",
    "Likeness",
    "PublicRequest",
    "Receipt",
    "Routing",
    "Submission",
    "broken_rules",
    "check",
    "digest_of",
    "find_by_code",
    "install_lists",
    "masked",
    "moment_of",
    "opening_of",
    "problem",
    "public_view",
    "published",
    "questions_of",
    "route",
    "rules",
    "similar_cases",
    "submit",
    "told",
    "tracking_code",
    "written",
]

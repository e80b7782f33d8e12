"""Tables of the kernel: the case, what happened to it, its clocks, and what waits for whom."""

from .calendar import CalendarDay
from .case import Case, CaseNumber, CaseQuerySet, TrackingCode, case_numbered
from .event import Event
from .search import CaseText
from .work import Clock, Delivery, Partner, Referral, SavedView, Task

__all__ = [
    "CalendarDay",
    "Case",
    "CaseNumber",
    "CaseQuerySet",
    "CaseText",
    "Clock",
    "Delivery",
    "Event",
    "Partner",
    "Referral",
    "SavedView",
    "Task",
    "TrackingCode",
    "case_numbered",
]

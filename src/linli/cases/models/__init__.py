"""Tables of the kernel: the case, what happened to it, its clocks, and what waits for whom."""

from .calendar import CalendarDay
from .case import Case, CaseNumber, CaseQuerySet, TrackingCode, case_numbered
from .event import Event
from .orders import Order, OrderedCase, OrderEvent, OrderState, OrderStep
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
    "Order",
    "OrderEvent",
    "OrderState",
    "OrderStep",
    "OrderedCase",
    "Partner",
    "Referral",
    "SavedView",
    "Task",
    "TrackingCode",
    "case_numbered",
]

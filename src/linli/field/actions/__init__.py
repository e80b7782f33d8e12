"""The verbs of the field: enrol a phone, take in what it sends, let a person decide what it may no longer do."""

from .parcels import Unfit, WrongPlace, put
from .phones import Enrolled, Opened, enrol, give_up_lost, open_with, person_of, phone_of, revoke
from .quarantine import discard, held_for, release
from .refusals import refused_of, refused_photo
from .syncing import MOST, Envelope, Result, actor_of, receive

__all__ = [
    "MOST",
    "Enrolled",
    "Envelope",
    "Opened",
    "Result",
    "Unfit",
    "WrongPlace",
    "actor_of",
    "discard",
    "enrol",
    "give_up_lost",
    "held_for",
    "open_with",
    "person_of",
    "phone_of",
    "put",
    "receive",
    "refused_of",
    "refused_photo",
    "release",
    "revoke",
]

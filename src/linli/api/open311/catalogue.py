"""What can be reported through this interface: the categories of the county, with their questions as attributes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from linli.service_requests.actions import questions_of
from linli.service_requests.models import Category, Question

from .asking import unknown_service
from .door import Content, Visit
from .faults import Refused

# A report of wrongdoing has to name the unit it must never reach, which this standard has no place for.
NOT_HERE = ("opinion.misconduct",)


def known() -> dict[str, Category]:
    """The services, by code, in the order of the county's list."""
    found = (
        Category.objects.filter(is_active=True, parent__is_active=True)
        .exclude(pk__in=NOT_HERE)
        .select_related("parent")
        .order_by("parent__position", "position", "code")
    )
    return {category.code: category for category in found}


def listed(visit: Visit) -> Content:
    """GET services."""
    services = known()
    asked = {question.category_id for question in questions_of(list(services))}
    return Content("services", [_service(each, each.code in asked) for each in services.values()])


def defined(code: str) -> Content:
    """GET services/[code]: its attributes. A service that asks nothing has none."""
    if code not in known():
        raise Refused(unknown_service(code))
    attributes = [_attribute(question, place) for place, question in enumerate(questions_of([code]), start=1)]
    return Content("service_definition", {"service_code": code, "attributes": attributes})


def _service(category: Category, has_questions: bool) -> dict[str, Any]:
    group = category.parent
    words = [category.name_zh, category.name_en, *((group.name_zh, group.name_en) if group else ())]
    return {
        "service_code": category.code,
        "service_name": category.label,
        "description": _description(category),
        "metadata": has_questions,
        "type": "realtime",
        "keywords": ", ".join(word.replace(",", " ") for word in dict.fromkeys(words) if word),
        "group": group.label if group else None,
    }


def _description(category: Category) -> str:
    """What to write; before it, what to do first where waiting for us would be dangerous."""
    said = [category.advice, category.hint]
    return (" " if category.hint.isascii() else "").join(filter(None, said)) or category.label


def _attribute(question: Question, place: int) -> dict[str, Any]:
    return {
        "variable": question.is_answerable,
        "code": question.code,
        "datatype": question.datatype,
        "required": question.is_required,
        "datatype_description": question.hint or _("按提示填写"),
        "order": place,
        "description": question.label,
        "values": [{"key": key, "name": name} for key, name in question.choices.items()],
    }

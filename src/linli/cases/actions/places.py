"""Keeps the paths cases carry in step with the tree."""

from __future__ import annotations

from django.db.models import F, Value
from django.db.models.functions import Concat, Substr

from linli.cases.models import Case, Partner
from linli.orgs.models import within


def follow_move(old: str, new: str) -> None:
    """Rewrites the copies of a moved subtree's paths, in the transaction of the move."""
    for model, fields in ((Case, ("place_path", "holder_path", "accused_path")), (Partner, ("path",))):
        for field in fields:
            rest = Substr(F(field), len(old) + 1)
            model.objects.filter(within(field, old)).update(**{field: Concat(Value(new), rest)})  # type: ignore[attr-defined]

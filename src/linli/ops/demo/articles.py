"""Policies, guides and notices of the demonstration county: invented, and marked as such on their pages."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from linli.people.access import SYSTEM
from linli.portal.actions.articles import add_article
from linli.portal.models import Article

FILE = Path(__file__).parent / "texts" / "articles.toml"


def install(*, at: datetime) -> int:
    """Adds those that are not there yet and returns how many; what was edited or withdrawn stays as it is."""
    entries = tomllib.loads(FILE.read_text(encoding="utf-8"))["article"]
    known = Article.objects.filter(is_demo=True)
    if known.count() >= len(entries):
        return 0
    titles = set(known.values_list("title_zh", flat=True))
    wanted = [entry for entry in entries if entry["title"]["zh"] not in titles]
    with transaction.atomic():
        for entry in wanted:
            add_article(
                by=SYSTEM,
                at=at,
                changes={
                    "kind": entry["kind"],
                    "title_zh": entry["title"]["zh"],
                    "title_en": entry["title"]["en"],
                    "text_zh": entry["text"]["zh"],
                    "text_en": entry["text"]["en"],
                    "source": entry["source"]["zh"],
                    "source_en": entry["source"]["en"],
                    "document_number": entry.get("number", {}).get("zh", ""),
                    "published_at": at - timedelta(days=entry["days_ago"]),
                    "is_demo": True,
                },
            )
    return len(wanted)

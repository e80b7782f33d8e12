"""Articles of the public pages: written, corrected and withdrawn by administrators, each change noted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from linli.kit import text
from linli.people.access import Actor
from linli.people.actions import note_change
from linli.portal.models import Article, ArticleText

LINES = ("title_zh", "title_en", "source", "source_en", "document_number", "link")
TEXTS = ("text_zh", "text_en")
FIELDS = ("kind", *LINES, *TEXTS, "valid_from", "published_at")
EXCERPT = 60


class ArticleRefused(Exception):
    """Something wrong with an article: field → message. Nothing was written."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(self.errors.values()))


def add_article(*, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Article:
    """A new article; without a moment of its own it is out at once."""
    article = Article(author_id=by.person_id, published_at=at)
    with transaction.atomic():
        _apply(article, changes)
        article.save(force_insert=True)
        ArticleText(article_id=article.pk, **_words(article)).save(force_insert=True)
        _note(article, "article.added", by, at, {}, _facts(article))
    return article


def edit_article(*, article: Article, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Article:
    """Corrects an article; what differs is noted."""
    with transaction.atomic():
        article = Article.objects.select_for_update().get(pk=article.pk)
        before, was = _facts(article), _everything(article)
        _apply(article, changes)
        if _everything(article) != was:
            article.save(force_update=True)
            ArticleText.objects.filter(article_id=article.pk).update(**_words(article))
            _note(article, "article.edited", by, at, before, _facts(article))
    return article


def withdraw_article(*, article: Article, by: Actor, at: datetime) -> Article:
    """Takes an article off the public pages; it stays in the administration and in the history."""
    return _switch(article, "article.withdrawn", by, at, at)


def restore_article(*, article: Article, by: Actor, at: datetime) -> Article:
    """Puts a withdrawn article back."""
    return _switch(article, "article.restored", by, at, None)


def _switch(article: Article, what: str, by: Actor, at: datetime, withdrawn_at: datetime | None) -> Article:
    with transaction.atomic():
        article = Article.objects.select_for_update().get(pk=article.pk)
        if (article.withdrawn_at is None) != (withdrawn_at is None):
            article.withdrawn_at = withdrawn_at
            article.save(force_update=True, update_fields=["withdrawn_at"])
            _note(article, what, by, at, {}, {})
    return article


def _apply(article: Article, changes: Mapping[str, Any]) -> None:
    """Sets the fields and has the model check itself; unknown names are a mistake of the caller."""
    for name, value in changes.items():
        if name not in (*FIELDS, "is_demo"):
            raise KeyError(name)
        if value is not None or name == "valid_from":
            setattr(article, name, _cleaned(name, value))
    errors = {}
    if article.text_en and not article.title_en:
        errors["title_en"] = _("写了英文正文，也要写英文标题。")
    try:
        article.full_clean(exclude=["author"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        errors |= {name: " ".join(said) for name, said in error.message_dict.items()}
    if errors:
        raise ArticleRefused(errors)


def _cleaned(name: str, value: Any) -> Any:
    if name in LINES:
        return " ".join(text.clean(value).split())
    return text.clean(value) if name in TEXTS else value


def _words(article: Article) -> dict[str, Any]:
    parts = (article.title_zh, article.title_en, article.document_number, article.source, article.source_en)
    words = text.folded("\n".join([*parts, article.text_zh, article.text_en]))
    return {"at": article.published_at, "words": words, "grams": words}


def _everything(article: Article) -> list[Any]:
    return [getattr(article, name) for name in FIELDS]


def _facts(article: Article) -> dict[str, Any]:
    """What the history shows: of texts their length and beginning, not the whole of them."""
    facts: dict[str, Any] = {name: getattr(article, name) for name in ("kind", *LINES)}
    for name in TEXTS:
        said = getattr(article, name)
        facts[name] = f"{text.excerpt(said, EXCERPT)} [{len(said)}]" if said else ""
    facts["valid_from"] = article.valid_from.isoformat() if article.valid_from else ""
    facts["published_at"] = article.published_at.isoformat()
    return facts


def _note(
    article: Article, what: str, by: Actor, at: datetime, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Only what differs is kept."""
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    note_change(
        by=by,
        at=at,
        what=what,
        target=("article", article.pk, article.title_zh),
        before={key: value for key, value in before.items() if key in changed},
        after={key: value for key, value in after.items() if key in changed},
    )

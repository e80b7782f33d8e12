"""Articles of the public pages, and the words they are found by."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import linli.cases.models.search
import linli.kit.ids
from linli.cases.models.search import statements


def forwards(apps: Any, schema_editor: Any) -> None:
    made = statements(
        schema_editor.connection.vendor, "portal_articletext", "article_id", "portal_article", ("words",)
    )
    for statement in made:
        schema_editor.execute(statement)


KINDS = [("policy", "政策"), ("guide", "办事指南"), ("notice", "公告")]  # zh: as the model has them


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0002_rates_moved"),
        ("cases", "0005_case_texts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Article",
            fields=[
                ("id", models.UUIDField(default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=KINDS, max_length=8, verbose_name="种类")),
                ("title_zh", models.CharField(max_length=120, verbose_name="标题")),
                ("title_en", models.CharField(blank=True, max_length=200, verbose_name="英文标题")),
                ("text_zh", models.TextField(max_length=20000, verbose_name="正文")),
                ("text_en", models.TextField(blank=True, max_length=40000, verbose_name="英文正文")),
                ("source", models.CharField(max_length=120, verbose_name="发布单位")),
                ("source_en", models.CharField(blank=True, max_length=200, verbose_name="发布单位（英文）")),
                ("document_number", models.CharField(blank=True, max_length=80, verbose_name="文号")),
                ("link", models.CharField(blank=True, max_length=300, verbose_name="原文网址")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="施行日期")),
                ("published_at", models.DateTimeField(verbose_name="发布时间")),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="撤下时间")),
                ("is_demo", models.BooleanField(default=False)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="录入人",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["published_at", "id"], name="article_published"),
                    models.Index(fields=["kind", "published_at", "id"], name="article_kind"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["policy", "guide", "notice"])), name="article_kind_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ArticleText",
            fields=[
                ("at", models.DateTimeField()),
                ("words", models.TextField()),
                ("grams", linli.cases.models.search.GramsField()),
                (
                    "article",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="portal.article",
                    ),
                ),
            ],
            options={"db_table": "portal_articletext", "managed": False},
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]

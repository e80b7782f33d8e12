"""Names the case a message's event belongs to, and keeps messages single on both databases."""

from typing import Any

from django.db import migrations, models
from django.db.models import F, Q


def fill(apps: Any, schema_editor: Any) -> None:
    message = apps.get_model("notify", "Message")
    message.objects.update(source=F("case_id"))
    seen = set()
    for row in message.objects.order_by("at", "id").iterator():
        key = (row.case_id, row.event_number, row.person_id)
        if key in seen:
            message.objects.filter(case_id=row.case_id, id=row.id).delete()
        seen.add(key)


class Migration(migrations.Migration):
    dependencies = [("notify", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="message", name="message_once"),
        migrations.AddField(
            model_name="message", name="source", field=models.UUIDField(null=True), preserve_default=False
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(model_name="message", name="source", field=models.UUIDField()),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                fields=["case", "source", "event_number", "person"],
                condition=Q(person__isnull=False),
                name="message_person_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                fields=["case", "source", "event_number"], condition=Q(person=None), name="message_reporter_once"
            ),
        ),
    ]

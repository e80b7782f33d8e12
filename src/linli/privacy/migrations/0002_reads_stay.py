"""Reads and broken glass nobody can change, nor delete before their time: the database itself refuses."""

from typing import Any

from django.db import migrations

TABLES = ("privacy_read", "privacy_glass")
SQLITE = [
    statement
    for table in TABLES
    for statement in (
        f"""CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
        WHEN OLD.at > datetime('now', '-3 years')
        BEGIN SELECT RAISE(ABORT, 'what was read is kept'); END""",
        f"""CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
        BEGIN SELECT RAISE(ABORT, 'what was read is append-only'); END""",
    )
]
POSTGRESQL = [
    """CREATE FUNCTION privacy_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND OLD.at <= now() - interval '3 years' THEN
        RETURN OLD;
      END IF;
      RAISE EXCEPTION 'what was read is append-only';
    END $$""",
    *(
        f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION privacy_append_only()"""
        for table in TABLES
    ),
]


def forwards(apps: Any, schema_editor: Any) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_initial")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]

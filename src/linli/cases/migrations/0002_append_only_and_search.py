"""What each database needs beyond tables: events nobody can change, and search terms of cases."""

from typing import Any

from django.db import migrations

SQLITE = [
    """CREATE TRIGGER cases_event_no_delete BEFORE DELETE ON cases_event
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TRIGGER cases_event_no_update BEFORE UPDATE ON cases_event
    WHEN NOT (NEW.data = '{}' AND length(NEW.salt) = 0
      AND NEW.case_id = OLD.case_id AND NEW.number = OLD.number AND NEW.kind = OLD.kind
      AND NEW.verb = OLD.verb AND NEW.state = OLD.state AND NEW.at = OLD.at
      AND NEW.received_at = OLD.received_at AND NEW.actor_kind = OLD.actor_kind
      AND NEW.person_id IS OLD.person_id AND NEW.role = OLD.role
      AND NEW.organisation_id IS OLD.organisation_id AND NEW.unit_id IS OLD.unit_id
      AND NEW.is_public = OLD.is_public AND NEW.facts = OLD.facts AND NEW.clocks = OLD.clocks
      AND NEW.command_id IS OLD.command_id AND NEW.commitment = OLD.commitment
      AND NEW.prev_hash = OLD.prev_hash AND NEW.leaf_hash = OLD.leaf_hash)
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE VIRTUAL TABLE cases_casetext
    USING fts5(case_id UNINDEXED, grams, tokenize = "unicode61 remove_diacritics 0")""",
]
POSTGRESQL = [
    """CREATE FUNCTION cases_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND NEW.data = '{}'::jsonb AND length(NEW.salt) = 0
        AND to_jsonb(NEW) - 'data' - 'salt' = to_jsonb(OLD) - 'data' - 'salt' THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'events are append-only';
    END $$""",
    """CREATE TRIGGER cases_event_append_only BEFORE UPDATE OR DELETE ON cases_event
    FOR EACH ROW EXECUTE FUNCTION cases_event_append_only()""",
    """CREATE TABLE cases_casetext (
      case_id uuid PRIMARY KEY REFERENCES cases_case (id) DEFERRABLE INITIALLY DEFERRED,
      grams text[] NOT NULL)""",
    "CREATE INDEX cases_casetext_grams ON cases_casetext USING gin (grams)",
    "ALTER TABLE cases_case ALTER COLUMN place_path SET STATISTICS 1000",
    "ALTER TABLE cases_case ALTER COLUMN holder_path SET STATISTICS 1000",
]


def forwards(apps: Any, schema_editor: Any) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]

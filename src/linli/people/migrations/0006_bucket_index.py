from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0005_changes_in_the_log")]

    operations = [migrations.AlterField("bucket", "empty_at", models.BigIntegerField())]

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("mediation", "0002_readings_elsewhere")]

    operations = [migrations.DeleteModel(name="Reading")]

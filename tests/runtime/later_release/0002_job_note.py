from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]
    operations = [migrations.AddField("job", "note", models.CharField(max_length=10, db_default=""))]

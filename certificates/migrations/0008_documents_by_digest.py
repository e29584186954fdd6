from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("certificates", "0007_what_no_font_has"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="certificatedocument",
            index=models.Index(fields=["sha256"], name="certificates_document_digest"),
        ),
    ]

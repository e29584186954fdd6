"""Leave room in the pages of standings: a row that stays in its page is written again without its indexes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("certificates", "0008_documents_by_digest")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE certificates_certificatestanding SET (fillfactor = 80)",
            "ALTER TABLE certificates_certificatestanding RESET (fillfactor)",
        ),
    ]

"""Single rows can be taken back, and a delivery that was rejected can be sent again under a new key."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

FILL = """
UPDATE education_cerecord c SET reversal_id = r.id
FROM education_reversal r
WHERE r.batch_id = c.batch_id AND r.state = 'confirmed' AND c.reversal_of_id IS NOT NULL;
UPDATE education_delivery d SET reversal_id = r.id
FROM education_reversal r
WHERE r.batch_id = d.batch_id AND r.state = 'confirmed' AND d.kind = 'reversal';
UPDATE education_delivery SET key = id;
SET CONSTRAINTS ALL IMMEDIATE;
"""
"""Until now a batch had one reversal at most, and the id of a delivery was its key."""


class Migration(migrations.Migration):
    dependencies = [("education", "0001_initial")]

    operations = [
        migrations.AddField(
            "reversal",
            "rows",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveIntegerField(),
                help_text="Numbers of the rows whose hours leave; null for all that still count.",
                null=True,
                size=None,
            ),
        ),
        migrations.AddField(
            "cerecord",
            "reversal",
            models.ForeignKey(
                db_index=False,
                help_text="Which decision of two people this counter-entry carries out.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="counter_entries",
                to="education.reversal",
            ),
        ),
        migrations.AddField(
            "delivery",
            "reversal",
            models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="delivery",
                to="education.reversal",
            ),
        ),
        migrations.AddField("delivery", "key", models.UUIDField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("delivery", "key", models.UUIDField(default=uuid.uuid4, unique=True)),
        migrations.RemoveConstraint("delivery", "education_delivery_once"),
        migrations.RemoveConstraint("reversal", "education_reversal_one_at_a_time"),
        migrations.AddConstraint(
            "delivery",
            models.UniqueConstraint(
                condition=Q(kind="credit"), fields=("batch",), name="education_delivery_of_approval_once"
            ),
        ),
        migrations.AddConstraint(
            "delivery",
            models.CheckConstraint(
                condition=Q(kind="credit", reversal__isnull=True)
                | Q(kind="reversal", reversal__isnull=False),
                name="education_delivery_kind_fits_reversal",
            ),
        ),
        migrations.AddConstraint(
            "reversal",
            models.CheckConstraint(
                condition=Q(rows__isnull=True) | Q(rows__len__gt=0), name="education_reversal_of_some_rows"
            ),
        ),
        migrations.AddConstraint(
            "reversal",
            models.UniqueConstraint(
                condition=Q(state="proposed"), fields=("batch",), name="education_reversal_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            "reversal",
            models.UniqueConstraint(
                condition=Q(state="confirmed", rows__isnull=True),
                fields=("batch",),
                name="education_reversal_whole_once",
            ),
        ),
        migrations.AddConstraint(
            "cerecord",
            models.CheckConstraint(
                condition=Q(reversal_of__isnull=True, reversal__isnull=True)
                | Q(reversal_of__isnull=False, reversal__isnull=False),
                name="education_cerecord_counter_entry_of_a_reversal",
            ),
        ),
        migrations.AddIndex(
            "cerecord",
            models.Index(
                fields=["reversal"],
                condition=Q(reversal__isnull=False),
                name="education_cerecord_of_reversal",
            ),
        ),
    ]

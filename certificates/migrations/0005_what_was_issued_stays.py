import django.db.models.expressions
from django.db import migrations, models

OF_STATUS = ["corrected", "suspended", "lifted", "voided", "reinstated"]

KEPT = """
CREATE FUNCTION certificates_refuse_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was issued is never deleted: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION certificates_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was issued stays as it is: change of % in % refused', TG_ARGV[0], TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
"""
KEPT_BACK = """
DROP FUNCTION certificates_refuse_change();
DROP FUNCTION certificates_refuse_loss();
"""

VERSION = (
    "id", "certificate_id", "version", "holder_name", "masked_id", "post_code", "photo_id", "issued_at", "status_list",
    "status_index", "commitment_salt",
)  # fmt: skip


def never_deleted(table):
    return migrations.RunSQL(
        f"""
CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION certificates_refuse_loss();
CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION certificates_refuse_loss();
""",
        f"DROP TRIGGER {table}_never_emptied ON {table}; DROP TRIGGER {table}_never_deleted ON {table};",
    )


def unchanged(table, what, when):
    """Refuse an update of ``table`` that fits ``when``; ``what`` names the columns in the error."""
    name = f"{table}_{what.split(',')[0].replace(' ', '_')}_unchanged"
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when}) "
        f"EXECUTE FUNCTION certificates_refuse_change('{what}');",
        f"DROP TRIGGER {name} ON {table};",
    )


def columns(*names):
    row = ", ".join
    return (
        f"({row(f'OLD.{name}' for name in names)}) IS DISTINCT FROM ({row(f'NEW.{name}' for name in names)})"
    )


# A certificate that was suspended when it became void is suspended again when it is reinstated: by the same measure.
MEASURES = """
CREATE OR REPLACE FUNCTION certificates_refuse_measure_of_one_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM certificates_measure m
        WHERE m.certificate_id = NEW.id AND m.state = 'done' AND CASE WHEN NEW.state = 'suspended' THEN
            m.kind = 'suspend' AND m.decided_at <= NEW.state_changed_at AND NOT EXISTS (
                SELECT FROM certificates_measure l
                WHERE l.certificate_id = NEW.id AND l.state = 'done' AND l.kind = 'lift' AND l.decided_at > m.decided_at
            )
        ELSE m.kind = 'revoke' AND m.decided_at = NEW.state_changed_at END
    ) THEN
        RAISE EXCEPTION 'a certificate is suspended or revoked only by a measure that two people decided'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
MEASURES_BACK = """
CREATE OR REPLACE FUNCTION certificates_refuse_measure_of_one_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM certificates_measure m
        WHERE m.certificate_id = NEW.id AND m.state = 'done' AND m.decided_at = NEW.state_changed_at
          AND m.kind = CASE WHEN NEW.state = 'suspended' THEN 'suspend' ELSE 'revoke' END
    ) THEN
        RAISE EXCEPTION 'a certificate is suspended or revoked only by a measure that two people decided'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""


def record_fields(model):
    return [
        migrations.AddField(model, "format", models.PositiveSmallIntegerField(db_default=1)),
        migrations.AddField(
            model,
            "facts",
            models.JSONField(
                db_default=django.db.models.expressions.Value("{}", models.JSONField()),
                help_text="What else the statement tells: the act, the document's digest.",
            ),
        ),
        migrations.AlterField(
            model,
            "kind",
            models.CharField(
                max_length=16,
                choices=[
                    ("issued", "Electronic certificate issued"),
                    ("corrected", "Corrected: a new version issued"),
                    ("suspended", "Suspended"),
                    ("lifted", "Suspension lifted"),
                    ("voided", "Made void"),
                    ("reinstated", "Reinstated"),
                    ("exchanged", "Paper certificate exchanged"),
                    ("cancelled", "Paper certificate cancelled"),
                    ("window_closed", "Exchange window closed"),
                    ("document", "Document signed"),
                ],
            ),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("certificates", "0004_document_encrypted")]
    operations = [
        *record_fields("logpending"),
        *record_fields("logleaf"),
        migrations.AddIndex(
            "logleaf",
            models.Index(
                condition=models.Q(("kind__in", tuple(OF_STATUS))), fields=["index"],
                name="certificates_logleaf_of_status",
            ),
        ),
        migrations.CreateModel(
            name="IssuerCertificate",
            fields=[
                (
                    "fingerprint",
                    models.CharField(
                        help_text="SHA-256 of the certificate, hexadecimal.", max_length=64, primary_key=True, serialize=False
                    ),
                ),
                ("pem", models.TextField()),
                ("first_used_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(KEPT, KEPT_BACK),
        *(
            never_deleted(f"certificates_{model}")
            for model in (
                "electroniccertificate", "certificateversion", "certificatedocument", "legacycertificate", "signingkey",
                "issuercertificate",
            )
        ),
        unchanged(
            "certificates_electroniccertificate",
            "number, holder, paper, post, day of issue",
            columns("id", "number", "person_id", "replaces_id", "post_code", "issued_at"),
        ),
        unchanged("certificates_certificateversion", "what was printed", columns(*VERSION)),
        unchanged(
            "certificates_certificateversion",
            "superseded_at",
            "OLD.superseded_at IS NOT NULL AND OLD.superseded_at IS DISTINCT FROM NEW.superseded_at",
        ),
        unchanged("certificates_certificatedocument", "certificate, version", columns("id", "certificate_id", "version")),
        unchanged("certificates_legacycertificate", "number", columns("id", "number_key")),
        unchanged(
            "certificates_legacycertificate",
            "a paper that has ended",
            "OLD.status <> 'active' AND OLD.* IS DISTINCT FROM NEW.*",
        ),
        unchanged("certificates_signingkey", "public_key", "OLD.* IS DISTINCT FROM NEW.*"),
        unchanged("certificates_issuercertificate", "pem", "OLD.* IS DISTINCT FROM NEW.*"),
        migrations.RunSQL(MEASURES, MEASURES_BACK),
    ]  # fmt: skip

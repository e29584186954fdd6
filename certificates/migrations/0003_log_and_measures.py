from django.db import migrations

LOG = """
CREATE FUNCTION certificates_log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the transparency log is append-only: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION certificates_log_contiguous() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.index <> (SELECT COALESCE(max(index) + 1, 0) FROM certificates_logleaf) THEN
        RAISE EXCEPTION 'leaf % does not follow the last one', NEW.index USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER certificates_logleaf_contiguous BEFORE INSERT ON certificates_logleaf
    FOR EACH ROW EXECUTE FUNCTION certificates_log_contiguous();
CREATE TRIGGER certificates_logpending_unchanged BEFORE UPDATE ON certificates_logpending
    FOR EACH ROW EXECUTE FUNCTION certificates_log_refuse_change();
"""
LOG_BACK = """
DROP TRIGGER certificates_logpending_unchanged ON certificates_logpending;
DROP TRIGGER certificates_logleaf_contiguous ON certificates_logleaf;
DROP FUNCTION certificates_log_contiguous();
DROP FUNCTION certificates_log_refuse_change();
"""


def append_only(table):
    return migrations.RunSQL(
        f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION certificates_log_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION certificates_log_refuse_change();
""",
        f"DROP TRIGGER {table}_no_truncate ON {table}; DROP TRIGGER {table}_append_only ON {table};",
    )


MEASURES = """
CREATE FUNCTION certificates_refuse_measure_of_one_person() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER certificates_electronic_measure
    BEFORE INSERT OR UPDATE OF state, void_reason, state_changed_at ON certificates_electroniccertificate
    FOR EACH ROW WHEN (NEW.state = 'suspended' OR NEW.void_reason = 'revoked')
    EXECUTE FUNCTION certificates_refuse_measure_of_one_person();
CREATE FUNCTION certificates_measure_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a measure that was decided stays as it is' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER certificates_measure_decided BEFORE UPDATE OR DELETE ON certificates_measure
    FOR EACH ROW WHEN (OLD.state <> 'open') EXECUTE FUNCTION certificates_measure_refuse_change();
"""
MEASURES_BACK = """
DROP TRIGGER certificates_measure_decided ON certificates_measure;
DROP FUNCTION certificates_measure_refuse_change();
DROP TRIGGER certificates_electronic_measure ON certificates_electroniccertificate;
DROP FUNCTION certificates_refuse_measure_of_one_person();
"""


class Migration(migrations.Migration):
    dependencies = [("certificates", "0002_two_people")]
    operations = [
        migrations.RunSQL(LOG, LOG_BACK),
        append_only("certificates_logleaf"),
        append_only("certificates_lognode"),
        append_only("certificates_logcheckpoint"),
        migrations.RunSQL(MEASURES, MEASURES_BACK),
    ]

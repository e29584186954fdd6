from django.db import migrations

FORWARD = """
CREATE FUNCTION portal_require_reviewer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text;
    decider uuid;
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        decider := to_jsonb(NEW) ->> name;
        CONTINUE WHEN decider IS NULL OR (TG_OP = 'UPDATE' AND to_jsonb(OLD) ->> name = decider::text);
        IF NOT EXISTS (SELECT FROM accounts_user u WHERE u.id = decider AND u.role = 'reviewer' AND u.is_active) THEN
            RAISE EXCEPTION '%.%: only a reviewer decides', TG_TABLE_NAME, name USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("portal", "0002_desks"), ("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION portal_require_reviewer();")]

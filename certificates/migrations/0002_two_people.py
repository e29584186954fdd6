from django.db import migrations

FORWARD = """
CREATE FUNCTION certificates_refuse_void_without_two_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM certificates_electroniccertificate c
        WHERE (c.id = NEW.id OR c.voided_by_id = NEW.id) AND c.void_reason IN ('hours', 'not_engaged') AND NOT EXISTS (
            SELECT FROM certificates_voidingproposal p
            WHERE p.id = c.voided_by_id AND p.certificate_id = c.id AND p.ground = c.void_reason
              AND p.state IN ('approved', 'reinstating')
        )
    ) THEN
        RAISE EXCEPTION 'a certificate is void (2.1) only by a proposal that two people approved'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER certificates_electronic_two_people
    AFTER INSERT OR UPDATE OF state, void_reason, voided_by_id ON certificates_electroniccertificate
    FOR EACH ROW WHEN (NEW.void_reason IN ('hours', 'not_engaged'))
    EXECUTE FUNCTION certificates_refuse_void_without_two_people();
CREATE TRIGGER certificates_voiding_two_people
    AFTER UPDATE OF state, ground, certificate_id ON certificates_voidingproposal
    FOR EACH ROW WHEN (OLD.state IN ('approved', 'reinstating'))
    EXECUTE FUNCTION certificates_refuse_void_without_two_people();
"""
BACKWARD = """
DROP TRIGGER certificates_voiding_two_people ON certificates_voidingproposal;
DROP TRIGGER certificates_electronic_two_people ON certificates_electroniccertificate;
DROP FUNCTION certificates_refuse_void_without_two_people();
"""


class Migration(migrations.Migration):
    dependencies = [("certificates", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

from django.db import migrations, models
from django.db.models import F, Q


def reviewers_decide(table, *columns):
    """A trigger: whoever is written into these columns is an account of a reviewer at that moment."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_reviewers_decide BEFORE INSERT OR UPDATE OF {', '.join(columns)} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION portal_require_reviewer({', '.join(columns)})",
        f"DROP TRIGGER {table}_reviewers_decide ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("certificates", "0005_what_was_issued_stays"), ("portal", "0003_reviewers_decide")]
    operations = [
        migrations.AddConstraint(
            "legacyservicerequest",
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="certificates_service_nobody_decides_own",
            ),
        ),
        reviewers_decide("certificates_archivecheck", "papers_seen_by_id", "decided_by_id"),
        reviewers_decide("certificates_legacyservicerequest", "decided_by_id"),
        reviewers_decide("certificates_measure", "asked_by_id", "decided_by_id"),
        reviewers_decide("certificates_voidingproposal", "found_by_id", "confirmed_by_id", "approved_by_id", "dismissed_by_id", "reinstatement_asked_by_id", "reinstated_by_id"),
    ]

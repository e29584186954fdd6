from django.db import migrations


def reviewers_decide(table, *columns):
    """A trigger: whoever is written into these columns is an account of a reviewer at that moment."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_reviewers_decide BEFORE INSERT OR UPDATE OF {', '.join(columns)} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION portal_require_reviewer({', '.join(columns)})",
        f"DROP TRIGGER {table}_reviewers_decide ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("education", "0002_rows_taken_back"), ("portal", "0003_reviewers_decide")]
    operations = [
        reviewers_decide("education_batch", "decided_by_id", "agreed_by_id"),
        reviewers_decide("education_reversal", "proposed_by_id", "decided_by_id"),
    ]

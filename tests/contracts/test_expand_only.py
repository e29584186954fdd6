"""Web servers are replaced one after the other, so the code of the release before must go on working on the new schema.

Migrations therefore only add. What is no longer used is taken away a release later, when nobody can name it any more.
"""

import re

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

OURS = ["accounts", "certificates", "downloads", "education", "employers", "events", "institutions", "notices", "operations", "portal"]  # fmt: skip
FIRST_RELEASE = {
    "accounts": "0004_national_scopes",
    "certificates": "0006_reviewers_decide",
    "downloads": "0001_initial",
    "education": "0003_reviewers_decide",
    "employers": "0001_initial",
    "events": "0002_append_only",
    "institutions": "0001_initial",
    "notices": "0001_initial",
    "operations": "0001_initial",
    "portal": "0001_initial",
}
"""The schema with which the first release starts: nothing runs on an older one."""

BREAKING_SQL = re.compile(r"\b(DROP\s+(TABLE|COLUMN)|RENAME\s+(TO|COLUMN)|SET\s+NOT\s+NULL)\b", re.IGNORECASE)
TAKEN, RENAMED = (
    "takes away what the release before still reads",
    "renames what the release before still names",
)
BREAKING = {
    migrations.RemoveField: TAKEN,
    migrations.DeleteModel: TAKEN,
    migrations.RenameField: RENAMED,
    migrations.RenameModel: RENAMED,
    migrations.AlterModelTable: RENAMED,
}


def breaking(operation, app, before):
    """Say why the code of before cannot work once ``operation`` has been carried out, or return None."""
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        found = [breaking(inner, app, before) for inner in operation.database_operations]
        return next(filter(None, found), None)
    if isinstance(operation, migrations.RunSQL) and BREAKING_SQL.search(str(operation.sql)):
        return "takes away, renames or demands what the release before does not know"
    if isinstance(operation, migrations.AddField) and not _may_be_left_out(operation.field):
        return "adds a column that the release before does not fill: give it null=True or db_default"
    if isinstance(operation, migrations.AlterField):
        return _narrowed(
            before.models[app, operation.model_name_lower].fields[operation.name], operation.field
        )
    return BREAKING.get(type(operation))


def _may_be_left_out(field):
    return field.null or field.has_db_default() or field.many_to_many


def _narrowed(old, new):
    if old.null and not _may_be_left_out(new):
        return "demands a value that the release before may leave out"
    if type(old) is not type(new) or (new.max_length or 0) < (old.max_length or 0):
        return "changes the type of a column that the release before writes"
    return None


@pytest.fixture(scope="module")
def loader():
    return MigrationLoader(None)


def later_migrations(loader):
    """Yield each migration since the first release."""
    for app, last in FIRST_RELEASE.items():
        known = {key for key in loader.graph.forwards_plan((app, last)) if key[0] == app}
        yield from (key for key in loader.graph.nodes if key[0] == app and key not in known)


def test_every_app_of_the_portal_is_looked_at(loader):
    assert loader.migrated_apps & set(OURS) == FIRST_RELEASE.keys()


def test_migrations_only_add(loader):
    found = {}
    for key in later_migrations(loader):
        state = loader.project_state(key, at_end=False)
        for operation in loader.graph.nodes[key].operations:
            if reason := breaking(operation, key[0], state):
                found[".".join(key), operation.describe()] = reason
            operation.state_forwards(key[0], state)
    assert found == {}


@pytest.mark.django_db
def test_rows_as_the_first_release_writes_them_are_taken_by_the_present_schema(loader):
    released = loader.project_state(list(FIRST_RELEASE.items())).apps
    with connection.cursor() as cursor:
        for model in released.get_models(include_auto_created=True):
            if model._meta.app_label in FIRST_RELEASE and model._meta.managed:
                present = columns(cursor, model._meta.db_table)
                written = {field.column for field in model._meta.local_concrete_fields}
                assert written <= present.keys(), model
                assert [name for name in present.keys() - written if not present[name]] == [], model


def columns(cursor, table):
    """Return for each column whether an INSERT may leave it out."""
    cursor.execute(
        "SELECT column_name, is_nullable = 'YES' OR column_default IS NOT NULL OR is_identity = 'YES' "
        "FROM information_schema.columns WHERE table_name = %s",
        [table],
    )
    return dict(cursor.fetchall())


HOLDER = ModelState(
    "toy",
    "Holder",
    [("id", models.AutoField(primary_key=True)), ("name", models.CharField(max_length=50, null=True))],
)


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (migrations.AddField("holder", "city", models.CharField(max_length=9)), "does not fill"),
        (migrations.AddField("holder", "city", models.CharField(max_length=9, default="x")), "does not fill"),
        (migrations.AddField("holder", "city", models.CharField(max_length=9, db_default="")), None),
        (migrations.AddField("holder", "city", models.CharField(max_length=9, null=True)), None),
        (migrations.RemoveField("holder", "name"), "takes away"),
        (migrations.DeleteModel("Holder"), "takes away"),
        (migrations.RenameField("holder", "name", "title"), "renames"),
        (migrations.RenameModel("Holder", "Owner"), "renames"),
        (migrations.AlterField("holder", "name", models.CharField(max_length=50)), "leave out"),
        (migrations.AlterField("holder", "name", models.CharField(max_length=40, null=True)), "type"),
        (migrations.AlterField("holder", "name", models.CharField(max_length=60, null=True)), None),
        (migrations.RunSQL("ALTER TABLE toy_holder DROP COLUMN name"), "takes away"),
        (migrations.RunSQL("CREATE INDEX ON toy_holder (name)"), None),
        (
            migrations.SeparateDatabaseAndState([migrations.RunSQL("ALTER TABLE t RENAME TO u")]),
            "takes away",
        ),
    ],
    ids=lambda value: (
        value.describe() if isinstance(value, migrations.operations.base.Operation) else str(value)
    ),
)
def test_what_breaks_the_release_before_is_recognised(operation, reason):
    before = ProjectState({("toy", "holder"): HOLDER.clone()})
    found = breaking(operation, "toy", before)
    assert (found is None) if reason is None else (reason in found)

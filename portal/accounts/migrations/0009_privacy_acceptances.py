import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
CREATE FUNCTION accounts_acceptance_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'acceptances are append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER accounts_acceptance_append_only BEFORE UPDATE OR DELETE ON accounts_acceptance
    FOR EACH ROW EXECUTE FUNCTION accounts_acceptance_refuse_change();
CREATE TRIGGER accounts_acceptance_no_truncate BEFORE TRUNCATE ON accounts_acceptance
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_acceptance_refuse_change();
"""
BACKWARD = """
DROP TRIGGER accounts_acceptance_no_truncate ON accounts_acceptance;
DROP TRIGGER accounts_acceptance_append_only ON accounts_acceptance;
DROP FUNCTION accounts_acceptance_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_tokens_replaced'),
    ]

    operations = [
        migrations.CreateModel(
            name='Acceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.CharField(max_length=20)),
                ('way', models.CharField(choices=[('opening', 'When the account was opened'), ('again', 'Asked again after a change')], max_length=10)),
                ('at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'version'), name='accounts_acceptance_once_a_version'), models.CheckConstraint(condition=models.Q(('way__in', ['opening', 'again'])), name='accounts_acceptance_way_known')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

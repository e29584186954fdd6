-- The role under which web, worker and beat work in production: it reads and writes everything, but of history it can only
-- add lines, and it changes no table, trigger or role. Run it as the owner of the database, after `manage.py migrate` and
-- again after each upgrade; then give the role a password (\password portal_app) and name it in their DATABASE_URL.
-- `migrate` goes on as the owner.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_app') THEN
        CREATE ROLE portal_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC, portal_app;
GRANT USAGE ON SCHEMA public TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portal_app;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO portal_app;
REVOKE UPDATE, DELETE ON events_event, certificates_logleaf, certificates_lognode, certificates_logcheckpoint FROM portal_app;
REVOKE DELETE ON certificates_electroniccertificate, certificates_certificateversion, certificates_certificatedocument,
    certificates_legacycertificate, certificates_signingkey, certificates_issuercertificate FROM portal_app;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM portal_app;

-- The role under which web, worker and beat work in production: it reads and writes, but it adds to history without ever
-- changing it, deletes nothing that was issued or decided, and changes no table, trigger or role. `manage.py app_role` runs
-- this as the owner of the database, after every `migrate`, since new tables need their rights.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_app') THEN
        CREATE ROLE portal_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC, portal_app;
GRANT USAGE ON SCHEMA public TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portal_app;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO portal_app;
-- History only grows.
REVOKE UPDATE, DELETE ON events_event, certificates_logleaf, certificates_lognode, certificates_logcheckpoint, accounts_acceptance
    FROM portal_app;
-- People, certificates and everything that was decided about them are never deleted.
REVOKE DELETE ON
    accounts_person, accounts_user,
    institutions_institution, institutions_qualification, institutions_designationreport,
    education_cerecord, education_reversal, education_delivery,
    certificates_legacycertificate, certificates_electroniccertificate, certificates_certificateversion,
    certificates_certificatedocument, certificates_archivecheck, certificates_legacyservicerequest, certificates_measure,
    certificates_voidingproposal, certificates_voidingevidence, certificates_windowclosing, certificates_signingkey,
    certificates_numbersequence
    FROM portal_app;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM portal_app;

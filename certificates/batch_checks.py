"""What this room knows about the rows of a batch: whether the person holds that certificate for that post on those days."""

from django.utils.translation import gettext_noop as _

from education.checks import CheckContext, Query, register_check, register_former_names
from education.columns import CERTIFICATE, POST
from education.problem_texts import register_problem

# A paper certificate ends on the day of its exchange, and the electronic one goes on: a course that was under way then
# may name either. Of several things that are wrong with a certificate the first says what to do.
_HELD = f"""
WITH held AS (
    SELECT r.number, r.id_number_hash, r.post_code AS row_post, r.started_on, r.ended_on AS course_ended_on,
           COALESCE(l.person_id, e.person_id) AS person_id, COALESCE(l.post_code, e.post_code) AS post_code, l.kind,
           COALESCE(l.issued_on, (e.issued_at AT TIME ZONE 'Asia/Shanghai')::date) AS issued_on,
           COALESCE(l.status = 'exchanged', false) AS exchanged,
           CASE WHEN l.status <> 'active' THEN (l.status_changed_at AT TIME ZONE 'Asia/Shanghai')::date
                WHEN e.state = 'void' THEN (e.state_changed_at AT TIME ZONE 'Asia/Shanghai')::date END AS ended_on,
           n.number AS replaced_by
    FROM education_batchrow r
    LEFT JOIN certificates_legacycertificate l ON l.number_key = r.certificate_key
    LEFT JOIN certificates_electroniccertificate e ON e.number = r.certificate_key AND l.id IS NULL
    LEFT JOIN certificates_electroniccertificate n ON n.replaces_id = l.id AND l.status = 'exchanged'
    WHERE r.batch_id = %(batch)s AND r.certificate_key <> '' AND r.id_number_hash IS NOT NULL
), judged AS (
    SELECT h.*, CASE
        WHEN h.person_id IS NULL THEN 'certificate_unknown'
        WHEN p.id_number_hash <> h.id_number_hash THEN 'certificate_of_another_person'
        WHEN h.row_post <> '' AND h.post_code <> h.row_post THEN 'certificate_of_another_post'
        WHEN h.course_ended_on < h.issued_on THEN 'certificate_issued_later'
        WHEN h.exchanged AND h.ended_on <= h.started_on THEN 'certificate_exchanged'
        WHEN NOT h.exchanged AND h.ended_on <= h.course_ended_on THEN 'certificate_void'
        WHEN h.kind = 'enterprise_post' THEN 'certificate_without_education'
    END AS code
    FROM held h LEFT JOIN accounts_person p ON p.id = h.person_id
)
SELECT number, CASE WHEN code = 'certificate_of_another_post' THEN '{POST}' ELSE '{CERTIFICATE}' END, code,
       CASE WHEN code = 'certificate_without_education' THEN 'warning' ELSE 'error' END,
       CASE code WHEN 'certificate_exchanged' THEN '1.3' WHEN 'certificate_without_education' THEN '1.1' ELSE '2.2' END,
       CASE code
           WHEN 'certificate_of_another_post' THEN jsonb_build_object('post_code', post_code)
           WHEN 'certificate_issued_later' THEN jsonb_build_object('on', issued_on)
           WHEN 'certificate_void' THEN jsonb_build_object('on', ended_on)
           WHEN 'certificate_exchanged' THEN jsonb_build_object('on', ended_on, 'number', replaced_by)
           ELSE '{{}}'::jsonb
       END
FROM judged WHERE code IS NOT NULL
"""  # noqa: S608 - text of this portal

_TEXTS = {
    "certificate_unknown": (
        _("No certificate with this number is known."),
        _(
            "Compare it with the certificate. If it is right, the person shows the certificate to the department, which "
            "corrects the registry."
        ),
    ),
    "certificate_of_another_person": (
        _("The certificate with this number is another person's."),
        _("Compare name, ID number and certificate number with the person's papers."),
    ),
    "certificate_of_another_post": (
        _("The certificate is for post {post_code}, not for the one in this row."),
        _("Enter {post_code}, or the number of the certificate that the person holds for this post."),
        _("Certificate of another post"),
    ),
    "certificate_issued_later": (
        _("The certificate was issued on {on}, after the course had ended."),
        _("Check the dates and the number of the certificate. Hours count from the day of issue."),
        _("Certificate issued after the course"),
    ),
    "certificate_exchanged": (
        _("The paper certificate was exchanged on {on} and is void since."),
        _("Enter the number of the electronic certificate: {number}."),
        _("Paper certificate exchanged before the course"),
    ),
    "certificate_void": (
        _("The certificate is void since {on}."),
        _("Delete the row; the person has to take the vocational training again."),
        _("Certificate void before the course ended"),
    ),
    "certificate_without_education": (
        _("An enterprise-manager post certificate is neither exchanged nor kept up by continuing education."),
        _("If the person holds another certificate for this post, enter its number."),
    ),
}


def certificate_is_held(context: CheckContext) -> Query:
    """Whether each certificate is known, that person's, for that post, and good on the days of the course."""
    return Query(_HELD)


def register() -> None:
    """Have every batch checked against the certificates; called once at the start."""
    for code, (message, fix, *title) in _TEXTS.items():
        register_problem(code, message=message, fix=fix, title="".join(title))
    register_check(certificate_is_held)
    register_former_names("SELECT person_id, holder_name FROM certificates_legacycertificate")
    register_former_names("SELECT person_id, holder_name FROM certificates_electroniccertificate")

"""One sentence for each check of this room's rules: what was found, and the way out."""

from django.utils.translation import gettext_noop as _

from portal.policy import Check
from portal.policy.explain import explain as explain_with

TEMPLATES = {
    "window_open.pass": _("The exchange is open until the end of {closes} (1.2)."),
    "window_open.fail": _(
        "The exchange closed at the end of {closes} (1.2). The paper certificate stays usable within its own validity."
    ),
    "certificate_kind.pass": _("A post-training certificate can be exchanged (1.1)."),
    "certificate_kind.fail.enterprise_post": _(
        "The older enterprise post certificate is never exchanged (1.1). "
        "For an electronic certificate, take the vocational training for the post."
    ),
    "certificate_kind.fail.safety_officer": _(
        "A safety-officer certificate needs no exchange (3.1a). "
        "It stays in use with continuing education every year until its holder leaves the trade."
    ),
    "certificate_kind.fail": _("This kind of certificate is not exchanged (1.1)."),
    "issuer.pass": _("The certificate was issued by the office whose certificates are exchanged (1.1)."),
    "issuer.fail": _(
        "Only certificates of the province's own assessment office are exchanged here (1.1). "
        "Ask the province that issued this one."
    ),
    "issue_year.pass": _("The certificate was issued in {year}, within {first}–{last} (1.1)."),
    "issue_year.fail": _(
        "The certificate was issued in {year}; only those issued from {first} to {last} are exchanged (1.1). "
        "It stays usable within its own validity."
    ),
    "post_code.pass": _("Post {post_code} is one of the posts whose certificates are exchanged (1.1)."),
    "post_code.fail": _(
        "Post {post_code} is not among the posts whose certificates are exchanged: {allowed} (1.1). "
        "If the registry has the wrong post, ask for a change of information."
    ),
    "certificate_active.pass": _("The paper certificate is active (1.3)."),
    "certificate_active.fail.exchanged": _(
        "The paper certificate has been exchanged already and is void (1.3). Use the electronic certificate in its place."
    ),
    "certificate_active.fail.void": _(
        "The paper certificate is void (1.3). If that is a mistake, ask the department to look at the record."
    ),
    "registry_record.pass.in_national_system": _("The national system shows the certificate (1.1)."),
    "registry_record.pass.confirmed": _(
        "The archive check confirmed the certificate in time, by {deadline} (1.1)."
    ),
    "registry_record.todo.not_requested": _(
        "The national system does not show the certificate (1.1). "
        "Ask for an archive check and bring the original ID card and certificate by {deadline}."
    ),
    "registry_record.todo.papers_not_seen": _(
        "An archive check was asked for on {requested_on} (1.1). "
        "Bring the original ID card and certificate to the archive desk by {deadline}."
    ),
    "registry_record.todo.pending": _(
        "The papers were seen in time, on {papers_seen_on}, and the department is checking its files (1.1). "
        "There is nothing more for the holder to do."
    ),
    "registry_record.fail.never_requested": _(
        "The national system does not show the certificate, and no archive check was asked for by {deadline} (1.1). "
        "The certificate stays usable within its own validity."
    ),
    "registry_record.fail.papers_never_seen": _(
        "The archive check asked for on {requested_on} was not completed: the original papers were not brought by "
        "{deadline} (1.1). The certificate stays usable within its own validity."
    ),
    "registry_record.fail.too_late": _(
        "The archive check came too late: it had to be asked for, and the original papers seen, by {deadline} (1.1). "
        "The certificate stays usable within its own validity."
    ),
    "registry_record.fail.rejected": _(
        "The archive check found no record of this certificate in the department's files (1.1). "
        "For an electronic certificate, take the vocational training for the post."
    ),
    "registry_record.fail.no_archive_check": _(
        "The national system does not show the certificate, and there is no archive check in this province (1.1)."
    ),
    "profile_complete.pass": _("The profile is complete (1.3)."),
    "profile_complete.todo": _("Fill in what is missing in the profile (1.3)."),
    "photo.pass": _("A photo has been uploaded (1.3)."),
    "photo.todo": _("Upload a photo (1.3)."),
    "ce_hours.pass": _(
        "{have} hours of continuing education for the post, of {required} required (1.3, 2.2)."
    ),
    "ce_hours.todo": _(
        "{have} of {required} hours of continuing education for the post have been approved; {missing} more are needed "
        "by {by} (1.3, 2.2). Any qualified institution may be chosen."
    ),
    "ce_professional_hours.pass": _(
        "{have} hours of professional knowledge for the post, of {required} required (1.3, 2.2)."
    ),
    "ce_professional_hours.todo": _(
        "{have} of {required} hours of professional knowledge for the post have been approved; {missing} more are "
        "needed by {by} (1.3, 2.2). Any qualified institution may be chosen."
    ),
    "ce_assessment.pass": _("An assessment has been passed (1.3)."),
    "ce_assessment.todo": _(
        "No passed assessment has been approved for the post yet (1.3). Pass one at a qualified institution by {by}."
    ),
    "archive_window_open.pass": _("An archive check can be asked for until the end of {deadline} (1.1)."),
    "archive_window_open.fail.deadline_passed": _(
        "Archive checks could be asked for until the end of {deadline} (1.1). "
        "The certificate stays usable within its own validity."
    ),
    "archive_window_open.fail.no_archive_check": _("There is no archive check in this province (1.1)."),
    "archive_needed.pass": _(
        "The national system does not show the certificate, so its files are checked (1.1)."
    ),
    "archive_needed.fail": _("The national system shows the certificate; no archive check is needed (1.1)."),
    "archive_not_requested.pass": _("No archive check has been asked for yet (1.1)."),
    "archive_not_requested.fail.pending": _(
        "An archive check is under way already (1.1). Bring the original papers if they have not been seen yet."
    ),
    "archive_not_requested.fail.confirmed": _(
        "An archive check has confirmed the certificate already (1.1)."
    ),
    "archive_not_requested.fail.rejected": _(
        "An archive check has been decided already: the files hold no record of the certificate (1.1)."
    ),
    "service_window_open.pass": _(
        "Services for paper certificates are open until the end of {closes} (3.2)."
    ),
    "service_window_open.fail": _(
        "Services for paper certificates ended with {closes} (3.2). The certificate stays usable within its own validity."
    ),
    "service_offered.pass": _("This service is offered for paper certificates (3.2)."),
    "service_offered.fail": _("This service is not offered for paper certificates (3.2)."),
    "service_certificate_kind.pass": _("The service is offered for this kind of certificate (3.2)."),
    "service_certificate_kind.fail": _("The service is offered only for post-training certificates (3.2)."),
    "service_certificate_active.pass": _("The paper certificate is active (3.2)."),
    "service_certificate_active.fail.exchanged": _(
        "The paper certificate has been exchanged and is void; there is nothing left to serve (3.2)."
    ),
    "service_certificate_active.fail.void": _("The paper certificate is void (3.2)."),
    "voiding_in_use.pass": _("The electronic certificate is in use (2.1)."),
    "voiding_in_use.fail": _("The electronic certificate is void already (2.1)."),
    "voiding_ground.pass.hours": _(
        "{first} and {second}: {hours} hours were approved, of {required} required over two years (2.1)."
    ),
    "voiding_ground.fail.hours": _(
        "{first} and {second}: with {hours} of {required} hours there is no failed window any more (2.1). "
        "The proposal is withdrawn by itself."
    ),
    "voiding_ground.pass.not_engaged": _("A reviewer found that the holder does not work in the post (2.1)."),
    "voiding_objection_over.pass": _("The holder could object until the end of {until} (2.1)."),
    "voiding_objection_over.todo": _(
        "The holder may object until the end of {until} (2.1). Nothing is confirmed before that; it can be dismissed at any time."
    ),
    "voiding_hours_in_review.pass": _("No hours wait for their review that would change this (2.2)."),
    "voiding_hours_in_review.todo": _(
        "An institution has reported hours that would bring the two years up (2.2). Decide that batch first."
    ),
    "voiding_second_person.pass": _("You are another person than the one who confirmed or found it (2.1)."),
    "voiding_second_person.fail": _(
        "You confirmed or found this yourself; another reviewer has to approve it (2.1). You may still dismiss it."
    ),
    "objection_undecided.pass": _("The proposal has not been decided (2.1)."),
    "objection_undecided.fail": _(
        "The proposal has been decided already (2.1). See its outcome on the certificate's page."
    ),
    "objection_in_time.pass": _("An objection is possible until the end of {until} (2.1)."),
    "objection_in_time.fail": _(
        "Objections were possible until the end of {until} (2.1). "
        "Write to the department if something new has come up; it can still dismiss the proposal."
    ),
}


def explain(check: Check) -> str:
    """Return the sentence for a check of this room, in the active language."""
    return explain_with(TEMPLATES, check)

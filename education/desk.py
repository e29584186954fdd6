"""Where this room's work is found: the reviewer's inbox and the navigation of each role."""

from django.utils.translation import gettext_lazy as _

from education.selectors import review_queue_state
from portal.accounts.models import Role, User
from portal.desk import WorkQueue, register_queue
from portal.filters import register_filters
from portal.navigation import REPORTS, REVIEW, Entry, register_entry
from portal.operations.jobs import register_job


def _waiting(user: User) -> int:
    return review_queue_state().waiting


def register() -> None:
    register_filters("review-batches", ("institution", "unusual", "overdue"))
    register_job("education.check_batch", _("Check a batch"))
    register_job("education.deliver", _("Deliver batches to the national system"))
    register_job("education.resume_batches", _("Take up interrupted batches again"))
    register_queue(
        WorkQueue("batches", _("Batches of continuing education"), "review-batches", review_queue_state)
    )
    reviewers = (Role.REVIEWER, Role.CHIEF)
    register_entry(Entry("review-home", _("Inbox"), order=10, group=REVIEW), *reviewers)
    register_entry(Entry("review-batches", _("Batches"), order=11, count=_waiting, group=REVIEW), *reviewers)
    register_entry(Entry("review-national", _("National system"), order=27, group=REVIEW), *reviewers)
    register_entry(Entry("chief-consistency", _("How reviewers decide"), order=52, group=REPORTS), Role.CHIEF)
    register_entry(Entry("institution-home", _("Overview"), order=10), Role.CLERK)
    register_entry(Entry("batch-list", _("Batches"), order=20), Role.CLERK)
    register_entry(Entry("institution-trainees", _("Trainees’ hours"), order=25), Role.CLERK)
    register_entry(Entry("batch-upload", _("Upload a batch"), order=30), Role.CLERK)
    register_entry(Entry("my-education", _("Continuing education"), order=30), Role.WORKER)

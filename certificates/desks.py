"""What this room adds to the places of other roles: navigation, figures, names of jobs, ways to find history."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from certificates.area_list import AREA_LIST
from certificates.employees import EMPLOYEES
from certificates.models import ElectronicCertificate, LegacyCertificate
from certificates.numbers import normalise_number
from portal.accounts.models import Role
from portal.downloads.services import register_download
from portal.events.selectors import Subject, register_finder
from portal.navigation import LOOK_UP, REPORTS, REVIEW, Entry, register_entry
from portal.operations.jobs import register_job
from portal.operations.metrics import Figure, Sample, register_figure

REVIEWERS = (Role.REVIEWER, Role.CHIEF)


def register() -> None:
    _register_entries()
    register_download(AREA_LIST)
    register_download(EMPLOYEES)
    register_job("certificates.close_window", _("Close the exchange when its last day is over"))
    register_job("certificates.propose_voiding", _("Propose to make certificates void"))
    register_job("certificates.remind", _("Send reminders"))
    register_job("certificates.settle_standings", _("Work out everybody’s standing"))
    register_job("certificates.sequence_log", _("Take changes into the transparency log"))
    register_job("certificates.write_checks", _("Write down how often certificates were checked"))
    register_job("certificates.render_document", _("Make the document of a certificate"))
    register_job("certificates.resume_documents", _("Ask again for documents that are missing"))
    register_figure(Figure("portal_paper_certificates", "Paper certificates.", ("kind", "status"), _papers))
    register_figure(
        Figure("portal_electronic_certificates", "Electronic certificates.", ("state",), _electronics)
    )
    register_finder(_certificate)


def _register_entries() -> None:
    register_entry(Entry("worker-home", _("My certificates"), order=10), Role.WORKER)
    register_entry(
        Entry("verify", _("Verify a certificate"), order=90, group=LOOK_UP), Role.WORKER, *REVIEWERS
    )
    register_entry(Entry("county-home", _("Progress"), order=10), Role.COUNTY)
    register_entry(Entry("county-people", _("Not yet exchanged"), order=20), Role.COUNTY)
    register_entry(Entry("county-employers", _("Employers"), order=30), Role.COUNTY)
    register_entry(Entry("employer-home", _("My workers"), order=10), Role.EMPLOYER)
    register_entry(Entry("operator-imports", _("Imports"), order=30), Role.OPERATOR)
    register_entry(Entry("chief-home", _("Overview"), order=5), Role.CHIEF)
    register_entry(Entry("chief-closing-report", _("Closing report"), order=50, group=REPORTS), Role.CHIEF)
    register_entry(
        Entry("review-policy-preview", _("Preview of other rules"), order=51, group=REPORTS), Role.CHIEF
    )
    register_entry(Entry("review-people", _("People"), order=30), *REVIEWERS)
    for order, (url_name, label) in enumerate(
        [
            ("review-archive-checks", _("Archive checks")),
            ("review-services", _("Services for paper certificates")),
            ("review-voidings", _("Making certificates void")),
            ("review-certificates", _("Electronic certificates")),
        ],
        start=20,
    ):
        register_entry(Entry(url_name, label, order=order, group=REVIEW), *REVIEWERS)


def _papers() -> Iterable[Sample]:
    found = LegacyCertificate.objects.values_list("kind", "status").annotate(number=Count("pk")).order_by()
    return [((kind, status), number) for kind, status, number in found]


def _electronics() -> Iterable[Sample]:
    found = ElectronicCertificate.objects.values_list("state").annotate(number=Count("pk")).order_by()
    return [((state,), number) for state, number in found]


def _certificate(text: str) -> Mapping[str, Any] | None:
    """Find a certificate, paper or electronic, by its number; the one with which it was exchanged comes along."""
    key = normalise_number(text)
    papers = LegacyCertificate.objects.select_related("replaced_by")
    paper = papers.filter(number_key=key).first() or papers.filter(replaced_by__number=key).first()
    electronic = ElectronicCertificate.objects.filter(number=key).first()
    if paper and electronic is None:
        electronic = ElectronicCertificate.objects.filter(replaces=paper).first()
    subjects = [each for each in (paper, electronic) if each]
    if not subjects:
        return None
    return {"about": tuple(Subject(each._meta.label_lower, str(each.pk)) for each in subjects)}

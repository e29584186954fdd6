"""Batches brought to a state by the services that bring them there."""

from django.core.files.base import ContentFile

from education.services import batch_approve, batch_check, batch_submit, batch_upload
from portal.events.services import Actor
from tests.education.sheets import row, workbook

JOB = Actor.job("education.check_batch")


def upload(school, by, content=None, *, name="十月.xlsx", **options):
    content = workbook(row()) if content is None else content
    return batch_upload(institution=school, file=ContentFile(content), filename=name, by=by, **options)


def checked(school, by, *rows, content=None, **options):
    batch = upload(school, by, content or workbook(*(rows or [row()])), **options)
    batch_check(batch.pk, by=JOB)
    batch.refresh_from_db()
    return batch


def submitted(school, by, *rows, **options):
    return batch_submit(batch=checked(school, by, *rows, **options), by=by)


def approved(school, by, judge, *rows):
    return batch_approve(batch=submitted(school, by, *rows), by=judge)

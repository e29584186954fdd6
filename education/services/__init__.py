"""All that moves a batch from one state to the next; each function is one transaction."""

from education.services.checking import batch_check
from education.services.moves import (
    BatchStateError,
    NotAReviewerError,
    NotOfInstitutionError,
)
from education.services.reviewing import HoursAlreadyCreditedError, batch_approve, batch_return
from education.services.submitting import SubmissionRefusedError, batch_recheck, batch_submit
from education.services.uploading import (
    CannotCorrectError,
    FileRefusedAtUploadError,
    IdempotencyKeyReusedError,
    batch_upload,
)

__all__ = [
    "BatchStateError",
    "CannotCorrectError",
    "FileRefusedAtUploadError",
    "HoursAlreadyCreditedError",
    "IdempotencyKeyReusedError",
    "NotAReviewerError",
    "NotOfInstitutionError",
    "SubmissionRefusedError",
    "batch_approve",
    "batch_check",
    "batch_recheck",
    "batch_return",
    "batch_submit",
    "batch_upload",
]

"""All that moves a batch from one state to the next; each function is one transaction."""

from education.services.checking import batch_check
from education.services.moves import (
    BatchStateError,
    NotAReviewerError,
    NotOfInstitutionError,
    SecondReviewerNeededError,
)
from education.services.reversing import (
    ReversalStateError,
    RowsNotCreditedError,
    reversal_confirm,
    reversal_dismiss,
    reversal_propose,
)
from education.services.reviewing import (
    HoursAlreadyCreditedError,
    NothingToCreditError,
    batch_approve,
    batch_return,
    row_refuse,
)
from education.services.submitting import SubmissionRefusedError, batch_recheck, batch_submit
from education.services.uploading import (
    CannotCorrectError,
    FileRefusedAtUploadError,
    IdempotencyKeyReusedError,
    batch_cancel,
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
    "NothingToCreditError",
    "ReversalStateError",
    "RowsNotCreditedError",
    "SecondReviewerNeededError",
    "SubmissionRefusedError",
    "batch_approve",
    "batch_cancel",
    "batch_check",
    "batch_recheck",
    "batch_return",
    "batch_submit",
    "batch_upload",
    "reversal_confirm",
    "reversal_dismiss",
    "reversal_propose",
    "row_refuse",
]

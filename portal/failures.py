"""Failures that pass by themselves: the database is away, busy or being replaced, or a disk is full."""

import errno

from django.db import InterfaceError, OperationalError

RETRY_SECONDS = 30
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_passing(error: BaseException | None) -> bool:
    """Tell whether the same request may succeed later without anybody changing it or the portal."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, OSError) and error.errno in _NO_SPACE

"""Reads the file of a batch in a child process with limits of its own, into what `COPY` takes."""

from education.reading.process import Reading, ReadingDiedError
from education.reading.sources import BatchTable, open_batch_table

__all__ = ["BatchTable", "Reading", "ReadingDiedError", "open_batch_table"]

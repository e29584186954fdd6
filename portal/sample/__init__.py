"""An invented province as files: what a real one would bring, and what its people then do. Knows no room's models.

Every person follows from the seed and their own number alone, so that any size streams without keeping anyone in memory.
"""

from portal.sample.province import Written, write_province

__all__ = ["Written", "write_province"]

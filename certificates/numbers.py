"""Certificate numbers: read from what people type, and shown. How one is formed is policy (`portal.policy.numbering`)."""

import re
from functools import lru_cache

from portal.identity import number_key
from portal.policy import PolicyPack, current_pack
from portal.policy.numbering import NumberPattern, number_pattern


def is_plausible(number: str) -> bool:
    """Whether ``number`` (normalised) has a form that the policy gives or gave, and its check character is right."""
    return any(pattern.matches(number) for pattern in _patterns(current_pack()))


@lru_cache(maxsize=4)
def _patterns(pack: PolicyPack) -> tuple[NumberPattern, ...]:
    versions = pack.entries["certificate_number.pattern"].versions
    return tuple(number_pattern(version.value) for version in versions)


normalise_number = number_key  # the kernel's, since batches of courses are matched by it too


def grouped(number: str) -> str:
    """``number`` for the eye: an electronic number in groups of four, any other as it is."""
    return re.sub(r"(?<=\w)(?=(?:\w{4})+$)", " ", number) if is_plausible(number) else number

"""Policy: the dated parameters of the notice, and the one shape in which rules answer.

Everything here is pure, except `current_pack`, which reads the setting that selects the pack.
"""

from portal.policy.decision import (
    SHANGHAI,
    Check,
    Decision,
    Explain,
    Facts,
    JsonValue,
    Outcome,
    Result,
    day_of,
    json_number,
)
from portal.policy.forms import Named, Text
from portal.policy.pack import PolicyError, PolicyPack, ValueInForce, load_pack, load_pack_file
from portal.policy.parameters import EducationParameters, ExchangeParameters, Policy

__all__ = [
    "SHANGHAI",
    "Check",
    "Decision",
    "EducationParameters",
    "ExchangeParameters",
    "Explain",
    "Facts",
    "JsonValue",
    "Named",
    "Outcome",
    "Policy",
    "PolicyError",
    "PolicyPack",
    "Result",
    "Text",
    "ValueInForce",
    "current_pack",
    "day_of",
    "json_number",
    "load_pack",
    "load_pack_file",
]


def current_pack() -> PolicyPack:
    """Return the pack that the setting `POLICY_PACK` selects: a shipped pack's name, or the path of a pack file."""
    from django.conf import settings  # the package stays importable without Django settings

    selected = str(settings.POLICY_PACK)
    return load_pack_file(selected) if selected.endswith(".toml") else load_pack(selected)

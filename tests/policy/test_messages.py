"""Every check that a rule can answer is explained in both languages, with its clause and without an open field."""

import re

import pytest
from django.utils.translation import override

from certificates import messages as certificate_messages
from education import messages as education_messages
from portal.policy import Check, Result
from portal.policy.explain import explain

FIELD = re.compile(r"\{(\w+)\}")
ROOMS = [certificate_messages, education_messages]
TEMPLATES = [(key, text) for room in ROOMS for key, text in room.TEMPLATES.items()]


def filled(key: str, text: str) -> Check:
    code, result, *reason = key.split(".")
    facts = dict.fromkeys(FIELD.findall(text), "2020-12-31") | ({"reason": reason[0]} if reason else {})
    return Check(code, Result(result), "2.1", facts)


@pytest.mark.parametrize(("key", "text"), TEMPLATES, ids=[key for key, _ in TEMPLATES])
def test_a_sentence_is_translated_and_names_its_clause(key, text):
    check = filled(key, text)
    with override("en"):
        english = explain({key: text}, check)
    with override("zh-hans"):
        chinese = explain({key: text}, check)

    assert re.search(r"[一-鿿]", chinese)
    assert not re.search(r"[一-鿿]", english)
    clause = re.compile(r"[(（][1-5]\.\d[ab]?([,、] ?\d\.\d)?[)）]")
    assert clause.search(english)
    assert clause.search(chinese)
    assert "{" not in english + chinese


def test_days_and_lists_read_naturally():
    check = Check("x", Result.PASS, "1.2", {"closes": "2020-12-31", "posts": ["101", "102"], "hours": 28.5})
    templates = {"x.pass": "{closes} {posts} {hours}"}

    with override("en"):
        assert explain(templates, check) == "31 December 2020 101, 102 28.5"
    with override("zh-hans"):
        assert explain(templates, check) == "2020年12月31日 101、102 28.5"


def test_a_check_without_a_sentence_is_an_error():
    with pytest.raises(KeyError):
        explain({}, Check("unheard_of", Result.FAIL, "1.1"))

"""Every clause is carried out somewhere and named by a test."""

import pytest

from portal.management.commands.clauses import coverage
from portal.policy import load_pack
from portal.policy.clauses import clauses

COVERAGE = {item.clause.id: item for item in coverage()}


@pytest.mark.parametrize("number", COVERAGE)
def test_each_clause_is_carried_out_and_tested(number):
    item = COVERAGE[number]
    assert item.code, f"no code, page or feature cites clause {number}"
    assert item.tests, f"no test names clause {number}"


@pytest.mark.parametrize("pack", ["hainan-2020", "hubei-2021"])
def test_policy_values_cite_only_clauses_that_exist(pack):
    known = {clause.id for clause in clauses()}
    cited = {
        part
        for entry in load_pack(pack).entries.values()
        if entry.clause
        for part in entry.clause.split(", ")
    }
    assert cited <= known

"""The columns of the registry file, and what is wrong with a row beyond its single cells."""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from certificates.models import Kind
from portal.identity import Problem, compact
from portal.policy import Named, Policy
from portal.tables import (
    Cell,
    CertificateNumber,
    Choice,
    Chunk,
    Code,
    Column,
    CreditCode,
    Date,
    IdNumber,
    Name,
    Text,
    as_text,
)
from portal.tables import (
    Kind as CellKind,
)

NUMBER, ISSUED, EXPIRES, AREA = "证书编号", "发证日期", "有效期至", "所属市县"
KINDS = {
    "岗位培训考核合格证书": Kind.POST_TRAINING.value,
    "专业管理人员岗位证书": Kind.ENTERPRISE_POST.value,
    "建设企事业单位专业管理人员岗位证书": Kind.ENTERPRISE_POST.value,
    "安全员": Kind.SAFETY_OFFICER.value,
    "安全员证书": Kind.SAFETY_OFFICER.value,
}
OTHER_ISSUER = "other"
_SUFFIX = re.compile(r"(?:[黎苗回]族)*自治县$|[市县]$|经济开发区$")


class Area(CellKind):
    """A city or county of the province, by name (with or without 市, 县), or by code: its code."""

    def __init__(self, areas: tuple[Named, ...]) -> None:
        self.names = {area.zh: area.code for area in areas}
        self.codes = {area.code: area.code for area in areas}
        self.short = {_SUFFIX.sub("", area.zh): area.code for area in areas}

    def parse(self, cell: Cell) -> object:
        text = compact(as_text(cell))
        found = self.names.get(text) or self.codes.get(text) or self.short.get(text)
        return found or Problem("not_a_choice", {"choices": "、".join(self.names)})


def registry_columns(policy: Policy) -> list[Column]:
    return [
        Column("姓名", "holder_name", Name(), required=True),
        Column("身份证号", "id_number", IdNumber(), required=True),
        Column(NUMBER, "number", CertificateNumber(), required=True),
        Column("证书类型", "kind", Choice(KINDS), required=True),
        Column("岗位代码", "post_code", Code(), required=True),
        Column("发证机构", "issuer_name", Text(200), required=True),
        Column(ISSUED, "issued_on", Date(), required=True),
        Column(EXPIRES, "expires_on", Date()),
        Column("工作单位", "employer_name", Text(200)),
        Column("统一社会信用代码", "employer_code", CreditCode()),
        Column(AREA, "area_code", Area(policy.province.areas)),
        Column("全国系统可查", "in_national_system", Choice({"是": True, "否": False}), required=True),
    ]


def issuer_code(name: str, policy: Policy) -> str:
    """Return the policy's code for the office whose certificates are exchanged (1.1), or ``other``."""
    office = policy.exchange.issuer
    return office.code if compact(name) in {compact(office.zh), compact(office.code)} else OTHER_ISSUER


def row_problems(chunk: Chunk, *, today: date) -> Iterator[tuple[int, str, Problem]]:
    """Yield what is wrong between the cells of one row."""
    values: Mapping[str, list[object]] = chunk.values
    for row, issued, expires in zip(chunk.numbers, values["issued_on"], values["expires_on"], strict=True):
        if isinstance(issued, date) and issued > today:
            yield row, ISSUED, Problem("issued_in_future")
        if isinstance(issued, date) and isinstance(expires, date) and expires < issued:
            yield row, EXPIRES, Problem("expires_before_issue")

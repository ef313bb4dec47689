"""Random criteria and random leads that meet each other often."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from evaluator import AS_OF, SampleLead, canonical
from leadtriage.core.vocabulary import Dimension, EmailKind, Grade, SignsOff, Stage
from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.model import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Criteria,
    Criterion,
    DimensionRules,
    Disqualifier,
    FollowUp,
    JunkRules,
    Not,
    Qualified,
    Tier,
)
from leadtriage.criteria.operators import FieldType, Operand, Operator

FRAGMENTS = [
    "CEO", "vp", "VP, Sales", "director", "cto", "Straße", "STRASSE", "École", "e\u0301cole", "日本 語", "follow-up",
    "Follow  Up", "a", "1", "50%", "_", "o'neil", '"x"', "\\", "İstanbul", "ǅ", "ﬃ", "नमस्ते", "🙂", "%s", ":x",
    "a\u00a0b", "globex.com", "https://www.Globex.com:80/a?b", "ann@globex.com", "//globex.com.", "/", "://",
    "u:p@b.de#",
]  # fmt: skip
NUMBERS = [-3, 0, 1, 2, 7, 10, 50, 1000, 2**62]
HEADERS = ["Budget Band", 'Say "when"', "Größe", "Team $.size", "never seen"]
DAYS = [0, 1, 2, 7, 30, 31, 400]

DOMAINS = ["globex.com", "COM", "www.globex.com", "b.de", "bücher.de", "a"]

texts = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from([" ", ", ", "-", "  ", ""]).map(lambda between: between.join(parts))
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4),
).filter(lambda text: canonical(text) != "")

CHOICES = {"email_kind": tuple(EmailKind), "stage": tuple(Stage), "signs_off": tuple(SignsOff)}
TEXT_FIELDS = ["title", "company", "need", "industry", "email", "email_domain", "website"]
FIELDS = [*TEXT_FIELDS, *(name for name, kind in LEAD_FIELDS.items() if kind.type is not FieldType.TEXT)]


def _numbers(column: bool) -> st.SearchStrategy[Any]:
    whole = st.sampled_from(NUMBERS)
    return st.one_of(whole, st.sampled_from([0.5, 7.25, -1.5, 10.0])) if column else whole


def operators_of(field: str | None, kind: FieldType) -> st.SearchStrategy[Operator]:
    """The operators that a field, or a column of this kind of values, takes."""
    of_column = [operator for operator in Operator if kind in operator.rules.types]
    return st.sampled_from(LEAD_FIELDS[field].operators if field else of_column)


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    """One test, valid for its field or column."""
    field: str | None = None
    column: str | None = None
    if draw(st.integers(0, 3)) == 0:
        column = draw(st.sampled_from(HEADERS))
        kind = draw(st.sampled_from([FieldType.TEXT, FieldType.NUMBER]))
    else:
        field = draw(st.sampled_from(FIELDS))
        kind = LEAD_FIELDS[field].type
    operator = draw(operators_of(field, kind))
    return Comparison(field, column, kind, operator, draw(_operands(kind, operator, field)))


def _operands(kind: FieldType, operator: Operator, field: str | None) -> st.SearchStrategy[tuple[Any, ...]]:
    value: st.SearchStrategy[Any]
    match kind:
        case _ if operator is Operator.PRESENT:
            return st.booleans().map(lambda wanted: (wanted,))
        case FieldType.TEXT:
            value = texts.filter(lambda text: not operator.rules.find_mistake(text)) | st.sampled_from(DOMAINS)
        case FieldType.CHOICE:
            value = st.sampled_from(CHOICES[field or ""]).map(str)
        case FieldType.NUMBER:
            value = _numbers(column=field is None)
        case FieldType.MONEY:
            value = st.sampled_from([0, 1, 99.99, 100, 5000, 5000.005, 20000])
        case FieldType.DAYS:
            value = st.sampled_from([*DAYS, 10**9])
        case _:
            value = st.booleans()
    if operator.rules.operand is Operand.ENDS:
        return st.tuples(value, value).map(lambda ends: tuple(sorted(ends)))
    many = operator.rules.operand in (Operand.LIST, Operand.ONE_OR_MORE)
    return st.lists(value, min_size=1, max_size=4 if many else 1).map(tuple)


conditions: st.SearchStrategy[Condition] = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: AllOf(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=4,
)


@st.composite
def criterions(draw: st.DrawFn, dimension: Dimension, number: int) -> Criterion:
    """One criterion; half of them ask a single value."""
    points = st.integers(-12, 20)
    if draw(st.booleans()):
        first = draw(comparisons())
        asked = (
            st.just(first.operator)
            .flatmap(lambda _: operators_of(first.field, first.type))
            .flatmap(
                lambda operator: _operands(first.type, operator, first.field).map(
                    lambda operands: Comparison(first.field, first.column, first.type, operator, operands)
                )
            )
        )
        single = st.one_of(
            asked, asked.map(Not), st.lists(asked, min_size=2, max_size=2).map(lambda p: AllOf(tuple(p)))
        )
        tests = draw(st.lists(single, min_size=1, max_size=4))
    else:
        tests = draw(st.lists(conditions, min_size=1, max_size=4))
    return Criterion(
        name=f"criterion {number}",
        dimension=dimension,
        field="need",
        column=None,
        ask=draw(st.sampled_from([None, "What?"])),
        tiers=tuple(Tier(draw(points), test, f"tier {place}") for place, test in enumerate(tests)),
        unlisted_unknown=draw(st.booleans()),
        line=number,
    )


@st.composite
def criteria_files(draw: st.DrawFn) -> Criteria:
    """Criteria of all kinds."""
    parts, number = [], 0
    for dimension in draw(st.lists(st.sampled_from(list(Dimension)), unique=True, max_size=5)):
        criteria = []
        for _ in range(draw(st.integers(0, 3))):
            criteria.append(draw(criterions(dimension, number)))
            number += 1
        parts.append(DimensionRules(dimension, draw(st.sampled_from([0, 5, 20, 30])), tuple(criteria)))
    lines = draw(st.lists(conditions, max_size=3))
    return Criteria(
        name="random",
        currency="USD",
        rates={"EUR": Decimal("1.08"), "JPY": Decimal("0.0067"), "KWD": Decimal("3.25")},
        score=tuple(parts),
        grades={Grade.A: 30, Grade.B: 15, Grade.C: 5},
        qualified=Qualified(draw(st.integers(-5, 30)), draw(st.none() | conditions)),
        junk=JunkRules(
            draw(st.integers(-10, 20)),
            draw(st.sampled_from([Decimal(0), Decimal("0.6"), Decimal("0.333"), Decimal(1)])),
            tuple(Disqualifier(f"reason_{place}", line, f"line {place}") for place, line in enumerate(lines)),
        ),
        follow_up=FollowUp({Grade.A: 1, Grade.B: 2}, 10, 30, 90, 14, (0, 1, 2, 3, 4)),
        timezone=None,
        team=(),
        goals=(),
        text="",
        digest="random",
    )


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


sample_leads = st.builds(
    SampleLead,
    fields=st.fixed_dictionaries(
        {
            "stage": st.sampled_from([str(stage) for stage in Stage] + ["new"] * 5),
            "created_on": st.sampled_from([*DAYS, -3]).map(lambda days: AS_OF - timedelta(days=days)),
            **{name: _maybe(texts) for name in TEXT_FIELDS},
            "email_kind": _maybe(st.sampled_from(list(EmailKind)).map(str)),
            "signs_off": _maybe(st.sampled_from(list(SignsOff)).map(str)),
            "employees": _maybe(st.sampled_from(NUMBERS)),
            "touches": _maybe(st.sampled_from(NUMBERS[:6])),
            "unanswered_touches": _maybe(st.sampled_from(NUMBERS[:6])),
            "replies": _maybe(st.sampled_from(NUMBERS[:6])),
            "last_touch_on": _maybe(st.sampled_from(DAYS).map(lambda days: AS_OF - timedelta(days=days))),
            "decides_on": _maybe(st.sampled_from([*DAYS, -5]).map(lambda days: AS_OF + timedelta(days=days))),
            "budget": _maybe(
                st.tuples(
                    st.sampled_from([0, 100, 9259, 9260, 462963, 500000, 2**60]),
                    st.sampled_from(["USD", "EUR", "JPY", "KWD", "XYZ"]),
                )
            ),
            "revenue": _maybe(st.tuples(st.sampled_from([1, 10000, 746269, 746268]), st.sampled_from(["USD", "JPY"]))),
            "do_not_contact": _maybe(st.booleans()),
            "bounced": _maybe(st.booleans()),
            "qualified_on": _maybe(st.just(AS_OF)),
        }
    ),
    columns=st.dictionaries(
        st.sampled_from(HEADERS[:-1]), texts | st.sampled_from(["7", "0.5", "10", "-1.5"]), max_size=3
    ),
    flagged=st.sampled_from([(), (), (), ("spam",), ("student", "spam")]),
    ask_for=st.none() | st.integers(0, 4).map(lambda number: f"criterion {number}"),
    put_off=st.dictionaries(
        st.integers(0, 4).map(lambda number: f"criterion {number}"),
        st.sampled_from([-1, 0, 1, 14]).map(lambda days: AS_OF + timedelta(days=days)),
        max_size=2,
    ),
)


@st.composite
def changing_leads(draw: st.DrawFn) -> tuple[SampleLead, SampleLead]:
    """An open lead as it is now and later: often with some other values, with nothing open that somebody said."""
    lead, other = draw(sample_leads), draw(sample_leads)
    lead.fields["stage"] = "new"
    names = draw(st.lists(st.sampled_from([name for name in lead.fields if name != "created_on"]), max_size=3))
    stage = draw(st.sampled_from(["new", "working", "nurture"]))
    fields = {**lead.fields, **{name: other.fields[name] for name in names}, "stage": stage}
    columns = draw(st.sampled_from([lead.columns, lead.columns, other.columns]))
    return lead, replace(lead, fields=fields, columns=columns)

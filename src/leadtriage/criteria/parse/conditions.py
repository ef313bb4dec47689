"""Reads conditions, and describes them in a few words: "employees 50 to 1,000"."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.model import AllOf, AnyOf, Comparison, Condition, Disqualifier, Not, Scalar, Tier
from leadtriage.criteria.operators import FieldType, Operand, Operator
from leadtriage.criteria.parse.values import (
    is_empty,
    read_choice,
    read_list,
    read_name,
    read_number,
    read_text,
    read_whole_number,
    read_yes_no,
    show,
)
from leadtriage.criteria.parse.yaml import (
    Place,
    YamlList,
    YamlMapping,
    YamlNode,
    YamlScalar,
    expect_name,
    list_names,
    quote,
    suggest,
)

OPERATOR_NAMES = tuple(Operator)
GROUPS = ("all", "any", "not")
CONDITION_KEYS = ("field", "column", *OPERATOR_NAMES, *GROUPS)
MOST_DAYS_COMPARED = 100_000
MOST_LISTED = 4

_Labelled = TypeVar("_Labelled", Tier, Disqualifier)


@dataclass(frozen=True, slots=True)
class Subject:
    """The lead field or column of a condition; the type of a column is None, since it follows from the operands."""

    field: str | None
    column: str | None
    type: FieldType | None


def read_subject(entries: dict[str, YamlNode], place: Place, *, what: str) -> Subject | None:
    """Return the subject that `field` or `column` names, or None for a mistake."""
    if "field" in entries and "column" in entries:
        entries["column"].report(f"{what}: found both field and column, expected one of them")
        return None
    if "field" in entries:
        return _read_field(entries["field"], what=what)
    if "column" in entries:
        header = read_name(entries["column"], what=f"{what}: column")
        return Subject(None, header, None) if header is not None else None
    return None


def _read_field(node: YamlNode, *, what: str) -> Subject | None:
    name = node.text if isinstance(node, YamlScalar) else ""
    if name in LEAD_FIELDS:
        return Subject(name, None, LEAD_FIELDS[name].type)
    if isinstance(node, YamlScalar) and isinstance(node.value, str):
        near = suggest(name, LEAD_FIELDS) or "; for another column of your files, use column:"
        node.report(f"{what}: unknown lead field {quote(name)}{near}")
    else:
        node.report(f"{what}: found {show(node)}, expected the name of a lead field")
    return None


def read_condition(node: YamlNode, *, what: str = "condition", besides: Collection[str] = ()) -> Condition | None:
    """Return a whole condition: `field` or `column` with operators, or `all`, `any`, `not`.

    Args:
        node: where it stands.
        what: the name for it in messages.
        besides: further keys that the same block may have, read by the caller.
    """
    if not isinstance(node, YamlMapping):
        node.report(
            f"{what}: found {show(node)}, expected a condition: field or column with operators, or all, any, not"
        )
        return None
    allowed = (*besides, *CONDITION_KEYS)
    has_unknown_keys = _check_keys(node, allowed, what=what)
    entries = {key: entry for key, entry in node.entries.items() if key in CONDITION_KEYS}
    groups = [key for key in GROUPS if key in entries]
    if groups:
        if len(entries) > 1:
            others = list_names([key for key in entries if key != groups[0]], last="and")
            node.report(f"{what}: found {groups[0]} beside {others}, expected it alone; put them under all")
            return None
        return _read_group(groups[0], entries[groups[0]])
    if "field" not in entries and "column" not in entries:
        if not has_unknown_keys:
            node.report(f"{what}: found neither field nor column, expected one (or all, any, not)")
        return None
    subject = read_subject(entries, node.place, what=what)
    return read_operators(node, subject, what=what, has_unknown_keys=has_unknown_keys)


def _check_keys(node: YamlMapping, allowed: Collection[str], *, what: str) -> bool:
    """Report unknown keys and return whether there are any: a key that seems to be missing may be misspelt."""
    for key, place in node.key_places.items():
        if key not in allowed:
            place.report(f"{what}: unknown operator {quote(key)}{expect_name(key, allowed)}")
    return not node.entries.keys() <= set(allowed)


def _read_group(name: str, node: YamlNode) -> Condition | None:
    if name == "not":
        part = read_condition(node, what="not")
        return Not(part) if part is not None else None
    items = read_list(node, what=name)
    if isinstance(node, YamlList) and not node.items:
        node.report(f"{name}: found an empty list, expected conditions")
    parts = [read_condition(item, what=name) for item in items]
    known = tuple(part for part in parts if part is not None)
    if not known or len(known) < len(parts):
        return None
    return AllOf(known) if name == "all" else AnyOf(known)


def read_operators(
    node: YamlMapping, subject: Subject | None, *, what: str, has_unknown_keys: bool
) -> Condition | None:
    """Return the operators of a block as a condition on the subject.

    Does not check operands without a subject. A block with unknown keys may lack an operator.
    """
    present = [operator for operator in Operator if operator in node.entries]
    if not present and not has_unknown_keys:
        node.report(f"{what}: found no operator, expected {list_names(OPERATOR_NAMES)}")
    if subject is None:
        return None
    tests = [
        _read_comparison(subject, operator, node.entries[operator], node.key_places[operator]) for operator in present
    ]
    known = tuple(test for test in tests if test is not None)
    if not known or len(known) < len(tests):
        return None
    return known[0] if len(known) == 1 else AllOf(known)


def _read_comparison(subject: Subject, operator: Operator, node: YamlNode, key_place: Place) -> Comparison | None:
    if subject.field is not None:
        lead_field = LEAD_FIELDS[subject.field]
        if operator not in lead_field.operators:
            only = f", only {list_names(operator.rules.fields, last='and')}" if operator.rules.fields else ""
            key_place.report(
                f"{operator} does not fit {subject.field}, which is {lead_field.type}{only}; "
                f"expected {list_names(lead_field.operators)}"
            )
            return None
    if is_empty(node):
        node.report(f"{operator}: found nothing, expected a value")
        return None
    operand_type = subject.type or _type_of_column(operator, node)
    operands = _read_operands(operator, operand_type, node, subject)
    if operands is None:
        return None
    return Comparison(subject.field, subject.column, operand_type, operator, operands)


def _type_of_column(operator: Operator, node: YamlNode) -> FieldType:
    """Compare a column as a number where the first operand is one."""
    types = operator.rules.types
    if operator is Operator.PRESENT or FieldType.NUMBER not in types:
        return FieldType.TEXT
    first = node.items[0] if isinstance(node, YamlList) and node.items else node
    return FieldType.NUMBER if FieldType.TEXT not in types or _is_number(first) else FieldType.TEXT


def _is_number(node: YamlNode) -> bool:
    return isinstance(node, YamlScalar) and not isinstance(node.value, str | bool | None)


def _read_operands(
    operator: Operator, operand_type: FieldType, node: YamlNode, subject: Subject
) -> tuple[Scalar, ...] | None:
    form = operator.rules.operand
    if form is Operand.YES_NO:
        answer = read_yes_no(node, what=operator)
        return None if answer is None else (answer,)
    if form is Operand.ENDS:
        return _read_ends(operand_type, node, subject)
    is_list = isinstance(node, YamlList)
    if form is Operand.LIST and not is_list:
        node.report(f"{operator}: found {show(node)}, expected a list such as [one, another]")
        return None
    if form is Operand.ONE and is_list:
        of_list = [other for other in Operator if other.of_entry is operator and other is not operator]
        use = f"; a list is for {of_list[0]}" if of_list else ""
        node.report(f"{operator}: found a list, expected one value{use}")
        return None
    items = read_list(node, what=operator) if is_list else (node,)
    if isinstance(node, YamlList) and not node.items:
        node.report(f"{operator}: found an empty list, expected entries")
    values = [_read_operand(operator, operand_type, item, subject) for item in items]
    known = tuple(value for value in values if value is not None)
    return known if known and len(known) == len(values) else None


def _read_ends(operand_type: FieldType, node: YamlNode, subject: Subject) -> tuple[Scalar, ...] | None:
    if not isinstance(node, YamlList) or len(node.items) != 2:
        found = f"a list of {len(node.items)}" if isinstance(node, YamlList) else show(node)
        node.report(f"between: found {found}, expected its two ends such as [10, 49]")
        return None
    low, high = (_read_operand(Operator.BETWEEN, operand_type, item, subject) for item in node.items)
    if low is None or high is None or isinstance(low, str) or isinstance(high, str):
        return None
    if low > high:
        node.report(f"between: the lower end {low:,} is above the upper end {high:,}; swap them")
        return None
    return (low, high)


def _read_operand(operator: Operator, operand_type: FieldType, node: YamlNode, subject: Subject) -> Scalar | None:
    match operand_type:
        case FieldType.NUMBER:
            return read_number(node, what=operator)
        case FieldType.MONEY:
            return read_number(node, what=operator, low=0)
        case FieldType.DAYS:
            return read_whole_number(node, what=operator, low=0, high=MOST_DAYS_COMPARED)
        case FieldType.YES_NO:
            return read_yes_no(node, what=operator)
        case FieldType.CHOICE:
            choices = LEAD_FIELDS[subject.field].choices if subject.field else ()
            return read_choice(node, what=operator, choices=choices)
        case FieldType.TEXT:
            return _read_text_operand(operator, node, subject)


def _read_text_operand(operator: Operator, node: YamlNode, subject: Subject) -> str | None:
    if subject.column is not None and FieldType.NUMBER in operator.rules.types and _is_number(node):
        node.report(f"{operator}: found the number {show(node)} among texts, expected all alike; quote it, or no text")
        return None
    text = read_text(node, what=operator)
    mistake = operator.rules.find_mistake(text) if text is not None else ""
    if text is not None and mistake:
        node.report(f"{operator}: found {quote(text)}{mistake}")
        return None
    return text


def describe_condition(condition: Condition) -> str:
    """Return a description with the names of fields: "employees 50 to 1,000"; at most four entries of a list."""
    return _describe(condition, subject=None, inner=False)


def label_condition(condition: Condition, *, field: str | None, column: str | None) -> str:
    """Return a description without the name of the criterion's own field or column: "50 to 1,000"."""
    return _describe(condition, subject=(field, column), inner=False)


def number_labels(lines: Sequence[_Labelled]) -> tuple[_Labelled, ...]:
    """Number equal labels, which long lists that begin alike have: the second is "a, b (2)"."""
    labels = [line.label for line in lines]
    numbers = (labels[: place + 1].count(label) for place, label in enumerate(labels))
    return tuple(
        line if number == 1 else replace(line, label=f"{line.label} ({number})")
        for line, number in zip(lines, numbers, strict=True)
    )


def _describe(condition: Condition, *, subject: tuple[str | None, str | None] | None, inner: bool) -> str:
    if isinstance(condition, Comparison):
        text = _describe_test(condition)
        if subject == (condition.field, condition.column):
            return text
        return f"{condition.field or condition.column} {text}"
    if isinstance(condition, AllOf | AnyOf):
        parts = [_describe(part, subject=subject, inner=True) for part in condition.parts]
        joined = (" and " if isinstance(condition, AllOf) else " or ").join(parts)
        return f"({joined})" if inner and len(parts) > 1 else joined
    return f"not ({_describe(condition.part, subject=subject, inner=False)})"


def _describe_test(comparison: Comparison) -> str:
    rules = comparison.operator.rules
    if rules.operand is Operand.YES_NO:
        return "known" if comparison.operands[0] else "missing"
    unit = " days" if comparison.type is FieldType.DAYS else ""
    listed = [_show_value(operand) for operand in comparison.operands]
    if rules.operand is Operand.ENDS:
        return f"{' to '.join(listed)}{unit}"
    if len(listed) > MOST_LISTED:
        listed = [*listed[: MOST_LISTED - 1], f"{len(listed) - MOST_LISTED + 1} more"]
    return f"{rules.phrase}{list_names(listed)}{unit}"


def _show_value(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.15g}"
    return value

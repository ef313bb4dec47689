"""The tests that a condition can make: one entry per operator with all that this package needs to know about it.

The SQL of each operator is in `scoring.compile.conditions`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from leadtriage.core.text import fold, words

Interval = tuple[float, float]
"""Includes both ends."""


class FieldType(StrEnum):
    """The kind of value that a field holds."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    MONEY = "money"
    DAYS = "days"
    YES_NO = "yes-no"


_TEXT, _CHOICE, _NUMBER = FieldType.TEXT, FieldType.CHOICE, FieldType.NUMBER
_ORDERED = (_NUMBER, FieldType.MONEY, FieldType.DAYS)


class Operand(Enum):
    """The form of what an operator compares with."""

    ONE = auto()
    LIST = auto()
    ONE_OR_MORE = auto()
    ENDS = auto()
    YES_NO = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRules:
    """What an operator means and takes.

    Attributes:
        meaning: completes "holds when the value ...".
        phrase: precedes the operands in labels.
        fields: the only lead fields that take the operator, besides columns; empty for all of its types.
        find_mistake: returns what is wrong with an operand, or an empty text.
        implied_by: returns whether another test of one folded text implies this one: (other, its text, this text).
        intervals: returns the numbers for which the operator holds.
    """

    meaning: str
    types: tuple[FieldType, ...]
    operand: Operand = Operand.ONE
    phrase: str = ""
    fields: tuple[str, ...] = ()
    find_mistake: Callable[[str], str] = lambda text: ""
    implied_by: Callable[[Operator, str, str], bool] = lambda other, given, text: False
    intervals: Callable[[Sequence[float]], list[Interval] | None] = lambda values: None


def _has_no_word(text: str) -> str:
    return "" if words(fold(text)) else ", which has no word in it; expected letters or digits (or use contains)"


def _has_words(given: str, phrase: str) -> bool:
    return f" {words(phrase)} " in f" {words(given)} "


def _implies_contains(other: Operator, given: str, text: str) -> bool:
    if other is Operator.WORDS:
        # The words of a phrase may be separated by other characters in the value.
        return " " not in words(given) and text in words(given)
    return other is not Operator.IS_NOT and text in given


_DOMAIN = re.compile(r"[^\s./@:?#\\,;]+(\.[^\s./@:?#\\,;]+)*")


def _is_no_domain(text: str) -> str:
    if _DOMAIN.fullmatch(text):
        return ""
    near = re.sub(r"^[a-z]*:?//|^.*@", "", fold(text))
    found = _DOMAIN.search(near)
    return ", expected a domain such as globex.com" + (f"; write {found[0]}" if found else "")


def _implies_domain(other: Operator, given: str, domain: str) -> bool:
    if other is Operator.DOMAIN_IS or (other is Operator.IS and _DOMAIN.fullmatch(given)):
        return f".{given}".endswith(f".{domain}")
    return False


def _points(values: Sequence[float]) -> list[Interval]:
    return [(value, value) for value in values]


class Operator(StrEnum):
    """The operators, in the order of the reference."""

    rules: OperatorRules

    def __new__(cls, word: str, rules: OperatorRules) -> Operator:
        """Make a member that is its word."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.rules = rules
        return member

    IS = (
        "is",
        OperatorRules(
            meaning="is equal to the value",
            types=(_TEXT, _CHOICE, _NUMBER, FieldType.YES_NO),
            implied_by=lambda other, given, text: other is Operator.IS and given == text,
            intervals=_points,
        ),
    )
    IS_NOT = (
        "is_not",
        OperatorRules(
            meaning="is not equal to the value",
            types=(_TEXT, _CHOICE, _NUMBER, FieldType.YES_NO),
            phrase="not ",
            implied_by=lambda other, given, text: (
                (other is Operator.IS and given != text) or (other is Operator.IS_NOT and given == text)
            ),
        ),
    )
    ANY_OF = (
        "any_of",
        OperatorRules(
            meaning="is equal to one of the list",
            types=(_TEXT, _CHOICE, _NUMBER),
            operand=Operand.LIST,
            intervals=_points,
        ),
    )
    NONE_OF = (
        "none_of",
        OperatorRules(
            meaning="is equal to none of the list",
            types=(_TEXT, _CHOICE, _NUMBER),
            operand=Operand.LIST,
            phrase="none of ",
        ),
    )
    WORDS = (
        "words",
        OperatorRules(
            meaning="contains one of the listed words or phrases, as whole words",
            types=(_TEXT,),
            operand=Operand.ONE_OR_MORE,
            phrase="says ",
            find_mistake=_has_no_word,
            implied_by=lambda other, given, text: (
                other in (Operator.IS, Operator.WORDS, Operator.DOMAIN_IS) and _has_words(given, text)
            ),
        ),
    )
    CONTAINS = (
        "contains",
        OperatorRules(
            meaning="contains the text, or one of a list of texts",
            types=(_TEXT,),
            operand=Operand.ONE_OR_MORE,
            phrase="contains ",
            implied_by=_implies_contains,
        ),
    )
    STARTS_WITH = (
        "starts_with",
        OperatorRules(
            meaning="starts with the text, or with one of a list",
            types=(_TEXT,),
            operand=Operand.ONE_OR_MORE,
            phrase="starts with ",
            implied_by=lambda other, given, text: (
                other in (Operator.IS, Operator.STARTS_WITH) and given.startswith(text)
            ),
        ),
    )
    ENDS_WITH = (
        "ends_with",
        OperatorRules(
            meaning="ends with the text, or with one of a list",
            types=(_TEXT,),
            operand=Operand.ONE_OR_MORE,
            phrase="ends with ",
            implied_by=lambda other, given, text: other in (Operator.IS, Operator.ENDS_WITH) and given.endswith(text),
        ),
    )
    DOMAIN_IS = (
        "domain_is",
        OperatorRules(
            meaning="is an address or website at the domain or a subdomain of it, or at one of a list",
            types=(_TEXT,),
            operand=Operand.ONE_OR_MORE,
            phrase="at ",
            fields=("email", "email_domain", "website"),
            find_mistake=_is_no_domain,
            implied_by=_implies_domain,
        ),
    )
    AT_LEAST = (
        "at_least",
        OperatorRules(
            meaning="is the number or more",
            types=_ORDERED,
            phrase="at least ",
            intervals=lambda values: [(values[0], math.inf)],
        ),
    )
    AT_MOST = (
        "at_most",
        OperatorRules(
            meaning="is the number or less",
            types=_ORDERED,
            phrase="at most ",
            intervals=lambda values: [(-math.inf, values[0])],
        ),
    )
    BETWEEN = (
        "between",
        OperatorRules(
            meaning="is one of the two ends of [low, high] or between them",
            types=_ORDERED,
            operand=Operand.ENDS,
            intervals=lambda values: [(values[0], values[1])],
        ),
    )
    PRESENT = (
        "present",
        OperatorRules(
            meaning="true: a value is known; false: none is",
            types=tuple(FieldType),
            operand=Operand.YES_NO,
        ),
    )

    @property
    def of_entry(self) -> Operator:
        """The operator that tests one entry of a list alone."""
        return {Operator.ANY_OF: Operator.IS, Operator.NONE_OF: Operator.IS_NOT}.get(self, self)

    @property
    def needs_one_entry(self) -> bool:
        """Whether one entry of its list is enough."""
        return self is Operator.ANY_OF or self.rules.operand is Operand.ONE_OR_MORE

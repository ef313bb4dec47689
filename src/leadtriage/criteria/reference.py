"""Generates docs/criteria.md from `reference.md`, and the JSON Schema with which editors check a criteria file.

The loader checks what JSON Schema cannot: equal names, the order of grades, words without letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from leadtriage.core.vocabulary import Dimension, Grade, Reason
from leadtriage.criteria.fields import LEAD_FIELDS, LeadField
from leadtriage.criteria.loader import LARGEST_FILE
from leadtriage.criteria.operators import FieldType, Operand, Operator
from leadtriage.criteria.parse.sections import (
    DEFAULT_CURRENCY,
    DEFAULT_FOLLOW_UP,
    DEFAULT_GRADES,
    DEFAULT_JUNK,
    DEFAULT_NAME,
    FOLLOW_UP_KEYS,
    GOAL_COUNTS,
    GOAL_KEYS,
    GOAL_PERIODS,
    LONGEST_REASON,
    MEMBER_KEYS,
    MOST_COUNTED,
    MOST_CRITERIA,
    MOST_POINTS,
    MOST_TIERS,
    REASON_PATTERN,
    ROLES,
    UNLISTED_CHOICES,
    VERSION,
    WORKING_DAY_NAMES,
)
from leadtriage.criteria.parse.values import LARGEST_NUMBER, LONGEST_NAME, MOST_DAYS, MOST_LIST_ENTRIES
from leadtriage.criteria.parse.yaml import DEEPEST_NESTING

Schema = dict[str, object]

_NUMBER_LIMITS: Schema = {"minimum": -LARGEST_NUMBER, "maximum": LARGEST_NUMBER}
_DURATION: Schema = {"type": "string", "pattern": "^[0-9]{1,4}\\s*[dw]$", "description": "days or weeks: 10d, 2w"}
_NAME: Schema = {"type": ["string", "number"], "maxLength": LONGEST_NAME}
_CONDITION: Schema = {"$ref": "#/definitions/condition"}


def render_reference() -> str:
    """Return the whole text of docs/criteria.md."""
    text = Path(__file__).with_name("reference.md").read_text(encoding="utf-8")
    parts = {
        **_list_defaults(),
        "fields": _list_fields(),
        "choices": _list_choices(),
        "operators": _list_operators(),
        "reasons": ", ".join(f"`{reason}`" for reason in Reason),
        "limits": _list_limits(),
    }
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _list_defaults() -> dict[str, str]:
    clocks = DEFAULT_FOLLOW_UP
    return {
        "version": str(VERSION),
        "name": DEFAULT_NAME,
        "currency": DEFAULT_CURRENCY,
        "grades": ", ".join(f"{grade}: {lowest}" for grade, lowest in DEFAULT_GRADES.items()),
        "junk_below": str(DEFAULT_JUNK.below),
        "junk_known": str(DEFAULT_JUNK.known),
        "first_touch": ", ".join(f"{grade}: {days}d" for grade, days in clocks.first_touch.items()),
        **{name: str(getattr(clocks, name)) for name in ("idle", "nurture", "shelf_life", "warn")},
        "week": _code(WORKING_DAY_NAMES),
        "working_days": ", ".join(WORKING_DAY_NAMES[day] for day in clocks.working_days),
    }


def _list_fields() -> str:
    rows = [
        (f"`{one.name}`", one.type, one.description, "yes" if one.asked else "computed") for one in LEAD_FIELDS.values()
    ]
    return _table(("field", "type", "meaning", "can be asked"), rows)


def _list_choices() -> str:
    rows = [(f"`{one.name}`", _code(one.choices)) for one in LEAD_FIELDS.values() if one.choices]
    return _table(("field", "its values"), rows)


def _list_operators() -> str:
    rows = [(f"`{one}`", one.rules.meaning, _code(one.rules.fields) or ", ".join(one.rules.types)) for one in Operator]
    return _table(("operator", "holds when the value", "on"), rows)


def _list_limits() -> str:
    rows = [
        ("criteria", f"{MOST_CRITERIA:,}"),
        ("tiers of a criterion", f"{MOST_TIERS:,}"),
        ("entries of a list", f"{MOST_LIST_ENTRIES:,}"),
        ("points of a tier", f"-{MOST_POINTS:,} to {MOST_POINTS:,}"),
        ("a number to compare with", f"-{LARGEST_NUMBER:,} to {LARGEST_NUMBER:,}"),
        ("a duration", f"{MOST_DAYS:,} days"),
        ("characters of a name", f"{LONGEST_NAME:,}"),
        ("levels inside one another", f"{DEEPEST_NESTING:,}"),
        ("bytes of the file", f"{LARGEST_FILE:,}"),
    ]
    return _table(("of", "at most"), rows)


def json_schema() -> Schema:
    """Return the schema as plain values: draft 7, which editors support best."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "leadtriage criteria",
        "description": "The written definition of a qualified lead.",
        **_block(_sections(), required=["score"]),
        "definitions": {"condition": _condition(), "criterion": _criterion()},
    }


def render_schema() -> str:
    """Return the schema as the text of the shipped file `criteria.schema.json`."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def schema_path() -> Path:
    """Return the path of the shipped schema."""
    return Path(__file__).with_name("criteria.schema.json")


def _sections() -> dict[str, Schema]:
    points: Schema = {"minimum": -5 * MOST_POINTS, "maximum": 5 * MOST_POINTS}
    whole: Schema = {"type": "integer", **points}
    grades = (Grade.A, Grade.B, Grade.C)
    return {
        "version": {"const": 1, "description": "the version of this format"},
        "name": _NAME | {"description": "what the file is about"},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "of every amount in this file"},
        "rates": _optional(
            {
                "type": "object",
                "description": "what one unit of another currency is worth",
                "propertyNames": {"pattern": "^[A-Z]{3}$"},
                "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
            }
        ),
        "score": {
            **_block({dimension: _dimension() for dimension in Dimension}),
            "minProperties": 1,
            "description": "the five dimensions",
        },
        "grades": _optional(
            {
                **_block(dict.fromkeys(grades, whole), required=grades),
                "description": "the lowest score of each grade; anything lower is D",
            }
        ),
        "qualified": _optional({"oneOf": [whole, _block({"score": whole, "when": _CONDITION}, required=["score"])]}),
        "junk": _optional(
            _block(
                {
                    "below": whole | {"description": "a score under this is a junk candidate's ..."},
                    "known": {"type": "number", "minimum": 0, "maximum": 1, "description": "... when so much is known"},
                    "disqualify": _list(_disqualifier()),
                }
            )
        ),
        "follow_up": _optional(_follow_up()),
        "timezone": _optional({"type": "string", "description": "an IANA name such as Europe/Berlin"}),
        "team": _list(_member()),
        "goals": _list(_goal()),
    }


def _block(properties: Mapping[str, Schema], *, required: Sequence[str] = ()) -> Schema:
    block: Schema = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    return block | {"required": list(required)} if required else block


def _optional(schema: Schema) -> Schema:
    """Allow an empty section: its content may be commented out."""
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema, *, most: int = MOST_LIST_ENTRIES) -> Schema:
    return _optional({"type": "array", "items": items, "maxItems": most})


def _operand(lead_field: LeadField | None, operator: Operator) -> Schema:
    """Describe what follows the operator; a column (no lead field) takes numbers and texts."""
    one = _value(lead_field, operator)
    some: Schema = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_LIST_ENTRIES}
    described: Schema = {"description": operator.rules.meaning}
    match operator.rules.operand:
        case Operand.LIST:
            return some | described
        case Operand.ONE_OR_MORE:
            return {"anyOf": [one, some]} | described
        case Operand.ENDS:
            return some | {"minItems": 2, "maxItems": 2} | described
        case Operand.ONE | Operand.YES_NO:
            return one | described


def _value(lead_field: LeadField | None, operator: Operator) -> Schema:
    of_column = FieldType.TEXT if FieldType.TEXT in operator.rules.types else FieldType.NUMBER
    kind = lead_field.type if lead_field else of_column
    match FieldType.YES_NO if operator is Operator.PRESENT else kind:
        case FieldType.YES_NO:
            return {"type": "boolean"}
        case FieldType.CHOICE:
            return {"enum": list(lead_field.choices if lead_field else ())}
        case FieldType.DAYS:
            return {"type": "integer", "minimum": 0}
        case FieldType.MONEY:
            return {"type": "number", **_NUMBER_LIMITS, "minimum": 0}
        case FieldType.NUMBER:
            return {"type": "number", **_NUMBER_LIMITS}
        case FieldType.TEXT:
            return {"type": ["string", "number"]}


def _families() -> list[tuple[dict[str, Schema], dict[str, Schema]]]:
    """Return the names of the fields that share operators and values, with these operators; columns come last."""
    alike: dict[tuple[object, ...], list[LeadField]] = {}
    for one in LEAD_FIELDS.values():
        alike.setdefault((one.type, one.choices, one.operators), []).append(one)
    families: list[tuple[dict[str, Schema], dict[str, Schema]]] = [
        (
            {"field": {"enum": [one.name for one in group]}},
            {operator: _operand(group[0], operator) for operator in group[0].operators},
        )
        for group in alike.values()
    ]
    column: Schema = _NAME | {"description": "another column of the imported files, by its header"}
    return [*families, ({"column": column}, {operator: _operand(None, operator) for operator in Operator})]


def _comparisons(besides: Mapping[str, Schema] | None = None, required: Sequence[str] = ()) -> list[Schema]:
    return [
        {
            **_block({**named, **operators, **(besides or {})}, required=[*required, *named]),
            "minProperties": 2 + len(besides or {}),
        }
        for named, operators in _families()
    ]


def _condition() -> Schema:
    parts: Schema = {"type": "array", "items": _CONDITION, "minItems": 1, "maxItems": MOST_LIST_ENTRIES}
    groups = [
        _block({"all": parts}, required=["all"]),
        _block({"any": parts}, required=["any"]),
        _block({"not": _CONDITION}, required=["not"]),
    ]
    return {"anyOf": [*_comparisons(), *groups], "description": "a test of a lead"}


def _dimension() -> Schema:
    return _block(
        {
            "max": {
                "type": "integer",
                "minimum": 0,
                "maximum": MOST_POINTS,
                "description": "the dimension's score is held within -max..max",
            },
            "criteria": _list({"$ref": "#/definitions/criterion"}, most=MOST_CRITERIA),
        },
        required=["max"],
    )


def _criterion() -> Schema:
    points: dict[str, Schema] = {"points": {"type": "integer", "minimum": -MOST_POINTS, "maximum": MOST_POINTS}}
    when = _block({**points, "when": _CONDITION}, required=["points", "when"])
    shared: dict[str, Schema] = {
        "name": _NAME,
        "ask": _NAME | {"description": "the question for the lead; its answer goes into the field"},
        "unlisted": {"enum": list(UNLISTED_CHOICES), "description": "a value that no tier names says nothing"},
    }
    forms: list[Schema] = []
    for named, operators in _families():
        in_place: Schema = {**_block({**points, **operators}, required=["points"]), "minProperties": 2}
        tiers: Schema = _tiers({"anyOf": [in_place, when]})
        forms.append(_block({**shared, **named, "tiers": tiers}, required=["name", *named, "tiers"]))
    alone = {key: schema for key, schema in shared.items() if key != "ask"}
    forms.append(_block({**alone, "tiers": _tiers(when)}, required=["name", "tiers"]))
    return {"anyOf": forms, "description": "one question about a lead, worth points"}


def _tiers(tier: Schema) -> Schema:
    return {
        "type": "array",
        "items": tier,
        "minItems": 1,
        "maxItems": MOST_TIERS,
        "description": "the possible answers; the first that holds gives the points",
    }


def _disqualifier() -> Schema:
    reason: dict[str, Schema] = {
        "reason": {"type": "string", "pattern": f"^{REASON_PATTERN}$", "maxLength": LONGEST_REASON}
    }
    with_when = _block({**reason, "when": _CONDITION}, required=["reason", "when"])
    return {"anyOf": [*_comparisons(reason, required=["reason"]), with_when]}


def _follow_up() -> Schema:
    clocks: dict[str, Schema] = {
        "first_touch": _optional(_block({grade: _optional(_DURATION) for grade in Grade})),
        **{name: _optional(_DURATION) for name in ("idle", "nurture", "shelf_life", "warn")},
        "working_days": _list({"enum": list(WORKING_DAY_NAMES)}),
        "holidays": _list({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
    }
    return _block({name: clocks[name] for name in FOLLOW_UP_KEYS})


def _member() -> Schema:
    count = _optional({"type": "integer", "minimum": 0, "maximum": MOST_COUNTED})
    properties: dict[str, Schema] = {
        "name": _NAME,
        "also": _list(_NAME),
        "role": _optional({"enum": list(ROLES)}),
        "capacity": count,
        "max_open": count,
        "away": _list({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}\\s*(\\.\\..*)?$"}),
        "takes": _optional(_CONDITION),
    }
    return _block({name: properties[name] for name in MEMBER_KEYS}, required=["name"])


def _goal() -> Schema:
    properties: dict[str, Schema] = {
        "who": _NAME | {"description": "a member's name, or team"},
        "what": {"enum": list(GOAL_COUNTS)},
        "target": {"type": "integer", "minimum": 1, "maximum": MOST_COUNTED},
        "per": {"enum": list(GOAL_PERIODS)},
    }
    return _block({name: properties[name] for name in GOAL_KEYS}, required=GOAL_KEYS)

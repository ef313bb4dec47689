"""Why a list is empty: no leads at all, or a name that no lead has. Looked up only where a list is empty."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, union_all

from leadtriage.criteria.text import comparable, fold
from leadtriage.db.lead import Lead, table
from leadtriage.db.scores import LeadScore
from leadtriage.reports.basis import NO_LEADS, has_leads
from leadtriage.reports.filters import Filters, as_stored, not_hidden, parked_for, select_spellings, visible
from leadtriage.tabular import Table
from leadtriage.vocabulary import Reason

_lead = table(Lead)
_score = table(LeadScore)

_MOST_NAMES = 3


def explain_if_empty(connection: Connection, found: Table, filters: Filters) -> Table:
    """Return a list as it is; where it has no rows, with what says why, as far as that can be told."""
    return found if found.rows else explain_emptiness(connection, found, filters)


def explain_emptiness(connection: Connection, found: Table, filters: Filters) -> Table:
    """Return what no lead is in with what says why, as far as that can be told: a note, or warnings.

    A filter by a name that no lead has at all is warned of, with the nearest names that leads do have: otherwise nobody
    would ever notice a misspelt one in a line of cron.
    """
    if not has_leads(connection):
        return replace(found, notes=tuple(dict.fromkeys((*found.notes, NO_LEADS))))
    return replace(found, warnings=(*found.warnings, *explain_names(connection, filters)))


def explain_unknown(connection: Connection, kind: str, names: Iterable[str]) -> tuple[str, ...]:
    """Say of each name that no lead has which ones are near it; `kind` is "owner", "source", "campaign" or "reason"."""
    return _explain(connection, [(kind, name) for name in names])


def explain_names(connection: Connection, filters: Filters) -> tuple[str, ...]:
    """Say of each name in the filters that no lead has which ones are near it."""
    given = {"owner": filters.owner, "source": filters.source, "campaign": filters.campaign, "reason": filters.reason}
    return _explain(connection, [(kind, name) for kind, name in given.items() if name is not None and name.strip()])


def _explain(connection: Connection, asked: Collection[tuple[str, str]]) -> tuple[str, ...]:
    if not asked:
        return ()
    known = _names_by_form(connection, dict.fromkeys(kind for kind, _ in asked))
    stored = [(kind, as_stored(name)) for kind, name in asked]
    by_form = {(kind, _form(kind, name)): name for kind, name in stored}
    return tuple(
        f"no lead has the {kind} “{name}”; {_name_nearest(name, known[kind].values())}"
        for (kind, form), name in by_form.items()
        if form not in known[kind] and not (kind == "owner" and _has_other_name(connection, name, known[kind]))
    )


def _form(kind: str, name: str) -> str:
    """A name as it is compared; reasons are words, compared as they stand."""
    return name if kind == "reason" else comparable(name)


def _has_other_name(connection: Connection, name: str, known: Collection[str]) -> bool:
    """Whether leads have another name of the member of the team who has this one."""
    return any(spelling in known for spelling in connection.execute(select_spellings(name)).scalars())


def _names_by_form(connection: Connection, kinds: Collection[str]) -> dict[str, dict[str, str]]:
    """The names of each kind by the form in which it is compared, as most leads have it, the commonest ones first."""
    statements = {
        "owner": [_count_names("owner", _lead.c.owner_comparable, _lead.c.owner, visible())],
        "source": [_count_names("source", _lead.c.source_comparable, _lead.c.source, visible())],
        "campaign": [_count_names("campaign", _lead.c.campaign_comparable, _lead.c.campaign, visible())],
        "reason": [
            _count_names("reason", _lead.c.outcome_reason, _lead.c.outcome_reason, visible()),
            _count_names("reason", parked_for(), parked_for(), visible()),
            _count_names("reason", _score.c.reason, _score.c.reason, not_hidden()),
        ],
    }
    counted = union_all(*(statement for kind in kinds for statement in statements[kind])).subquery()
    found: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
    for row in connection.execute(select(counted).order_by(counted.c.leads.desc(), counted.c.name)):
        found[row.kind].setdefault(row.form, row.name)
    if "reason" in found:
        found["reason"] |= {reason.value: reason.value for reason in Reason}
    return found


def _count_names(
    kind: str, form: ColumnElement[str], name: ColumnElement[str], wanted: ColumnElement[bool]
) -> Select[Any]:
    names: list[ColumnElement[Any]] = [literal(kind).label("kind"), form.label("form"), name.label("name")]
    return select(*names, func.count().label("leads")).where(form.is_not(None), wanted).group_by(form, name)


def _name_nearest(asked: str, known: Iterable[str]) -> str:
    """The names that hold what was asked for or look like it; where none does, those that most leads have."""
    by_form = {fold(name): name for name in known}
    holding = [form for form in by_form if fold(asked) in form]
    near = list(dict.fromkeys([*holding, *get_close_matches(fold(asked), by_form, n=_MOST_NAMES)]))
    if near:
        return f"near it: {_list_names(near[:_MOST_NAMES], by_form)}"
    if not by_form:
        return "no lead has any"
    others = ", and others" if len(by_form) > _MOST_NAMES else ""
    return f"known: {_list_names(list(by_form)[:_MOST_NAMES], by_form)}{others}"


def _list_names(forms: Iterable[str], names: Mapping[str, str]) -> str:
    return ", ".join(f"“{names[form]}”" for form in forms)

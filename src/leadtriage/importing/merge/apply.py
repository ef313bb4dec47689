"""Staged rows into leads and their history: what is new, what changes, and an event for each.

Blanks never overwrite; a value gives way only to one that was observed no earlier. Which row is which lead was
settled by `match`; what a CRM's status does to a lead is `follow`'s.

Changes that are no news: what people here have changed stays, while a file only says again what it said before.

A weekly export repeats the owner and the title of every lead. Handing a lead over here, or asking for its title, would
be undone by the next one; a word that is new, in the same column, counts.

Changes that come too late: a file would make them, but a later look at the lead has confirmed what is known.

A confirmation is not written down when it happens, since nearly all rows of a CRM's next export confirm. The kept rows
prove it, and they are read again only for a file that is older than an import that is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    Table,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from leadtriage.core.context import Act
from leadtriage.core.vocabulary import EmailKind, EventKind, RowOutcome, Stage, StatusMeaning
from leadtriage.db import (
    Event,
    FieldOrigin,
    ImportBatch,
    ImportReject,
    ImportRow,
    Lead,
    dialect,
    expressions,
    next_id,
    reserve_ids,
    table,
)
from leadtriage.db.dialect import batches, create_index
from leadtriage.importing.merge.source_rows import KeptRows
from leadtriage.importing.stage import CLOSING, Attribute, Staging


def observed_at(field: ColumnElement[str], staging: Staging) -> ColumnElement[Any]:
    """When a staged row's value was observed, which after folding may be another row's."""
    row, origin = staging.row, staging.origin
    folded = select(origin.c.observed_at).where(origin.c.row_id == row.c.row_id, origin.c.field == field)
    return func.coalesce(folded.scalar_subquery(), row.c.observed_at)


def leave_out_outdated(connection: Connection, staging: Staging) -> None:
    """Take those changes from `change` whose old value was observed later than the new one."""
    row, change, kept, books = staging.row, staging.change, table(ImportRow), table(ImportBatch)
    observed = observed_at(change.c.field, staging)
    latest = select(func.max(books.c.at)).where(books.c.undone_at.is_(None)).scalar_subquery()
    joined = select(change.c.row_id, change.c.lead_id, change.c.field, change.c.old, observed.label("observed_at"))
    joined = joined.join_from(change, row, row.c.row_id == change.c.row_id).where(change.c.old.is_not(None))
    if not connection.execute(select(joined.where(observed < latest).exists())).scalar():
        return
    seen_since = (
        exists()
        .where(kept.c.lead_id == change.c.lead_id)
        .where(and_(books.c.id == kept.c.batch_id, books.c.undone_at.is_(None), books.c.at > observed))
    )
    doubtful: dict[int, list[Any]] = defaultdict(list)
    for line in connection.execute(joined.where(seen_since)):
        doubtful[line.lead_id].append(line)
    if doubtful:
        leads = select(change.c.lead_id).where(change.c.old.is_not(None))
        delete_changes(connection, change, _find_outdated(KeptRows(connection), leads, doubtful))


def _find_outdated(
    kept_rows: KeptRows, leads: Select[Any], doubtful: Mapping[int, Sequence[Any]]
) -> list[dict[str, Any]]:
    found = []
    since = min(line.observed_at for lines in doubtful.values() for line in lines)
    for part in kept_rows.read_many(leads, since=since):
        for lead_id, statements in part.items():
            for line in doubtful.get(lead_id, ()):
                values = [said.values[line.field] for said in statements if line.field in said.values]
                if any(value.text == line.old and value.observed_at > line.observed_at for value in values):
                    found.append({"of_row": line.row_id, "of_field": line.field})
    return found


def delete_changes(connection: Connection, change: Table, lines: list[dict[str, Any]]) -> None:
    """Take lines from `change`, each given by `of_row` and `of_field`."""
    if lines:
        create_index(connection, change.c.row_id)
        connection.execute(
            change.delete().where(change.c.row_id == bindparam("of_row"), change.c.field == bindparam("of_field")),
            lines,
        )


def leave_out_repeated(connection: Connection, staging: Staging) -> None:
    """Take those changes from `change` that would put back, over a person's word, what the last import had said."""
    change, origin = staging.change, table(FieldOrigin)
    by_people = (
        select(change.c.row_id, change.c.lead_id, change.c.field, change.c.new)
        .join(origin, and_(origin.c.lead_id == change.c.lead_id, origin.c.field == change.c.field))
        .where(origin.c.batch_id.is_(None))
    )
    lines: dict[int, list[Any]] = defaultdict(list)
    for line in connection.execute(by_people):
        lines[line.lead_id].append(line)
    if not lines:
        return
    kept_rows = KeptRows(connection)
    repeated = []
    for leads in batches(sorted(lines)):
        for lead_id, statements in kept_rows.read(leads).items():
            for line in lines[lead_id]:
                values = [said.values[line.field] for said in statements if line.field in said.values]
                if values and sorted(values, key=lambda value: value.observed_at)[-1].text == line.new:
                    repeated.append({"of_row": line.row_id, "of_field": line.field})
    delete_changes(connection, change, repeated)


def create_leads(connection: Connection, staging: Staging, batch: int, act: Act, nurture_days: int) -> None:
    """Make a lead of every row that is new, in the stage its CRM status says, and tell it as one event each."""
    row, place, lead = staging.row, staging.place, table(Lead)
    stage = first_stage(row)
    closed = row.c.meaning.in_(list(CLOSING))
    qualified = row.c.meaning.in_([StatusMeaning.QUALIFIED, StatusMeaning.CONVERTED, StatusMeaning.WON])
    today = literal(act.as_of, lead.c.imported_on.type)
    values: dict[str, ColumnElement[Any]] = {
        "id": place.c.lead_id,
        "stage": stage,
        "created_on": row.c.created_on,
        "first_touch_on": expressions.value_if(row.c.touch_dated, row.c.touched_on),
        "last_touch_on": row.c.touched_on,
        "contact_dated": row.c.touch_dated,
        "nurture_until": expressions.value_if(
            row.c.meaning == StatusMeaning.NURTURE, literal(act.days_later(nurture_days), lead.c.created_on.type)
        ),
        "qualified_on": expressions.value_if(qualified, today),
        "qualified_by": expressions.value_if(qualified, literal("crm")),
        "closed_on": expressions.value_if(closed, func.coalesce(row.c.closed_on, today)),
        "extra": row.c.extra,
        "extra_comparable": row.c.extra_comparable,
        "imported_on": today,
        "worked_here": literal(False),
        "batch_id": literal(batch),
        "observed_at": row.c.observed_at,
        "changed_at": literal(act.recorded_at, lead.c.changed_at.type),
    }
    values |= {column: row.c[column] for column in staging.attribute_columns}
    created = and_(place.c.row_id == row.c.row_id, place.c.outcome == RowOutcome.CREATED)
    connection.execute(
        insert(lead).from_select(
            list(values), select(*values.values()).select_from(row).join(place, created).order_by(row.c.row_id)
        )
    )
    write_events_of_leads(
        connection,
        act,
        batch,
        select(
            place.c.lead_id.label("lead_id"),
            literal(EventKind.CREATED.value).label("kind"),
            literal(None, String).label("field"),
            literal(None, String).label("old"),
            stage.label("new"),
        )
        .select_from(row)
        .join(place, created)
        .subquery(),
        among=place,
    )
    _keep_origins(connection, staging, batch)


def _keep_origins(connection: Connection, staging: Staging, batch: int) -> None:
    """Keep when the values of new leads were observed, where the file's rows for one lead differ in that."""
    place, origin, stored = staging.place, staging.origin, table(FieldOrigin)
    if not connection.execute(select(exists().select_from(origin))).scalar():
        return
    found = (
        select(
            place.c.lead_id,
            origin.c.field,
            origin.c.observed_at,
            literal(batch),
            literal(reserve_ids(connection, "act")),
        )
        .join_from(origin, place, place.c.row_id == origin.c.row_id)
        .where(place.c.outcome == RowOutcome.CREATED)
    )
    connection.execute(insert(stored).from_select(["lead_id", "field", "observed_at", "batch_id", "act"], found))


def first_stage(row: FromClause) -> ColumnElement[str]:
    """The stage in which a row's lead comes in."""
    stages = {meaning.value: stage.value for meaning, stage in CLOSING.items()}
    stages[StatusMeaning.NURTURE.value] = Stage.NURTURE.value
    untouched = expressions.value_if(
        row.c.touched_on.is_not(None), literal(Stage.WORKING.value), literal(Stage.NEW.value)
    )
    return func.coalesce(expressions.text_for(row.c.meaning, stages), untouched)


def find_changes(connection: Connection, staging: Staging, columns_of_file: dict[str, str]) -> None:
    """Fill `change` with what the rows change in stored leads.

    Args:
        columns_of_file: for each extra column of the file its key in `extra` and its header.
    """
    row, place, lead, change = staging.row, staging.place, table(Lead), staging.change
    met = and_(place.c.row_id == row.c.row_id, place.c.outcome == RowOutcome.UNCHANGED)
    differs = [_differs(attribute, row, lead) for attribute in staging.attributes]
    differs.append(
        and_(
            row.c.extra.is_not(None),
            cast(row.c.extra, String).is_distinct_from(cast(lead.c.extra, String)),
        )
    )
    candidates = connection.execute(
        insert(change).from_select(
            ["row_id", "lead_id"],
            select(row.c.row_id, lead.c.id)
            .select_from(row)
            .join(place, met)
            .join(lead, lead.c.id == place.c.lead_id)
            .where(or_(*differs)),
        ),
        execution_options=dialect.COUNT_ROWS,
    )
    if not candidates.rowcount:
        return
    candidate = change.alias("candidate")
    joined = (
        select(candidate.c.row_id, candidate.c.lead_id)
        .join_from(candidate, row, row.c.row_id == candidate.c.row_id)
        .join(lead, lead.c.id == candidate.c.lead_id)
        .where(candidate.c.field.is_(None))
    )
    names = ["row_id", "lead_id", "field", "kind", "old", "new"]
    for attribute in staging.attributes:
        known = lead.c[attribute.columns[0]]
        found = joined.where(_differs(attribute, row, lead), _may_replace(known, attribute.name, staging))
        connection.execute(
            insert(change).from_select(
                names,
                found.add_columns(
                    literal(attribute.name),
                    literal(attribute.kind.value),
                    attribute.text(lead),
                    attribute.text(row),
                ),
            )
        )
    for key, header in columns_of_file.items():
        old, new = expressions.json_text(lead.c.extra, key), expressions.json_text(row.c.extra, key)
        field = f"column:{header}"
        found = joined.where(new.is_not(None), new.is_distinct_from(old), _may_replace(old, field, staging))
        connection.execute(
            insert(change).from_select(
                names, found.add_columns(literal(field), literal(EventKind.FIELD.value), old, new)
            )
        )
    connection.execute(change.delete().where(change.c.field.is_(None)))
    leave_out_outdated(connection, staging)
    leave_out_repeated(connection, staging)


def _differs(attribute: Attribute, row: FromClause, lead: FromClause) -> ColumnElement[bool]:
    compared = attribute.columns if attribute.is_money else attribute.columns[:1]
    unlike = or_(*(row.c[column].is_distinct_from(lead.c[column]) for column in compared))
    differs = and_(row.c[attribute.columns[0]].is_not(None), unlike)
    if attribute.name != "email":
        return differs
    # An unusable address says nothing against a usable one.
    return and_(
        differs,
        or_(row.c.email_kind != EmailKind.INVALID, lead.c.email_kind == EmailKind.INVALID, lead.c.email.is_(None)),
    )


def _may_replace(known: ColumnElement[Any], field: str, staging: Staging) -> ColumnElement[bool]:
    """What is unknown may be filled by any value; a value gives way to one that was observed no earlier."""
    origin, lead = table(FieldOrigin), table(Lead)
    since = select(origin.c.observed_at).where(origin.c.lead_id == lead.c.id, origin.c.field == field).scalar_subquery()
    return or_(known.is_(None), func.coalesce(since, lead.c.observed_at) <= observed_at(literal(field), staging))


def apply_changes(
    connection: Connection, staging: Staging, batch: int, act: Act, columns_of_file: dict[str, str]
) -> None:
    """Write the changes that `find_changes` found, each with its event and its origin."""
    row, change, lead, origin = staging.row, staging.change, table(Lead), table(FieldOrigin)
    if not connection.execute(select(exists().select_from(change))).scalar():
        return

    def changed(field: str) -> ColumnElement[bool]:
        return and_(change.c.field == field, lead.c.id == change.c.lead_id, row.c.row_id == change.c.row_id)

    for attribute in staging.attributes:
        connection.execute(
            update(lead).values({column: row.c[column] for column in attribute.columns}).where(changed(attribute.name))
        )
    for key, header in columns_of_file.items():
        number = key.replace("c", "n")
        comparable = expressions.json_with(lead.c.extra_comparable, key, row.c.extra_comparable)
        connection.execute(
            update(lead)
            .values(
                extra=expressions.json_with(lead.c.extra, key, row.c.extra),
                extra_comparable=expressions.json_with(comparable, number, row.c.extra_comparable),
            )
            .where(changed(f"column:{header}"))
        )
    first_act = reserve_ids(connection, "act")
    fresh = (
        select(
            change.c.lead_id,
            change.c.field,
            observed_at(change.c.field, staging),
            literal(batch),
            literal(first_act),
        )
        .join_from(change, row, row.c.row_id == change.c.row_id)
        .where(true())
    )
    names = ["lead_id", "field", "observed_at", "batch_id", "act"]
    stored = dialect.upsert(connection.dialect, origin).from_select(names, fresh)
    connection.execute(
        stored.on_conflict_do_update(
            index_elements=["lead_id", "field"],
            set_={name: stored.excluded[name] for name in names[2:]},
        )
    )
    touched = select(change.c.lead_id)
    connection.execute(update(lead).values(changed_at=act.recorded_at).where(lead.c.id.in_(touched)))
    write_events(connection, act, batch, select(change).subquery())
    connection.execute(
        update(staging.place)
        .values(outcome=RowOutcome.UPDATED.value)
        .where(
            staging.place.c.row_id.in_(select(change.c.row_id)),
            staging.place.c.outcome == RowOutcome.UNCHANGED,
        )
    )


def write_events(connection: Connection, act: Act, batch: int | None, lines: FromClause) -> None:
    """Append events, one for each row of `lines` (`lead_id, kind, field, old, new`)."""
    first_id = next_id(connection, "event")
    number = func.row_number().over(order_by=(lines.c.lead_id, lines.c.field)) + literal(first_id - 1)
    written = _insert_events(connection, act, batch, lines, number)
    reserve_ids(connection, "event", written)


def write_events_of_leads(
    connection: Connection, act: Act, batch: int | None, lines: FromClause, *, among: FromClause | None = None
) -> None:
    """The same where no lead has more than one line: the ids follow those of the leads, so that nothing is sorted.

    Args:
        among: leads (`lead_id`), these among them, of which the lowest and highest are told sooner.
    """
    first_id = reserve_ids_of_leads(connection, "event", lines if among is None else among)
    if first_id is not None:
        _insert_events(connection, act, batch, lines, lines.c.lead_id + literal(first_id))


def reserve_ids_of_leads(connection: Connection, name: str, leads: FromClause) -> int | None:
    """Reserve an id for each lead: its own id and the returned number; None where there are no leads."""
    lowest, highest = connection.execute(select(func.min(leads.c.lead_id), func.max(leads.c.lead_id))).one()
    return None if lowest is None else reserve_ids(connection, name, highest - lowest + 1) - int(lowest)


def _insert_events(
    connection: Connection, act: Act, batch: int | None, lines: FromClause, number: ColumnElement[int]
) -> int:
    event = table(Event)
    values: dict[str, ColumnElement[Any]] = {
        "lead_id": lines.c.lead_id,
        "id": number,
        "act": literal(reserve_ids(connection, "act")),
        "at": literal(act.at, event.c.at.type),
        "recorded_at": literal(act.recorded_at, event.c.recorded_at.type),
        "by": literal(act.by),
        "kind": lines.c.kind,
        "batch_id": literal(batch, event.c.batch_id.type),
        "field": lines.c.field,
        "old": lines.c.old,
        "new": lines.c.new,
    }
    written = connection.execute(
        insert(event).from_select(list(values), select(*values.values())), execution_options=dialect.COUNT_ROWS
    )
    return written.rowcount


def keep_rows(connection: Connection, staging: Staging, batch: int) -> None:
    """Keep every row as it came: with its lead, or with the reason why it became none."""
    row, place, kept, rejected = staging.row, staging.place, table(ImportRow), table(ImportReject)
    connection.execute(
        insert(kept).from_select(
            ["lead_id", "batch_id", "line", "outcome", "cells"],
            select(place.c.lead_id, literal(batch), row.c.line, place.c.outcome, row.c.cells).join_from(
                row, place, place.c.row_id == row.c.row_id
            ),
        )
    )
    connection.execute(
        insert(rejected).from_select(
            ["batch_id", "line", "reason", "cells"],
            select(literal(batch), row.c.line, row.c.problem, row.c.cells).where(row.c.problem.is_not(None)),
        )
    )

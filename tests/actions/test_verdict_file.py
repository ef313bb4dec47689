"""A file of verdicts is carried out whole and as one act, or not at all, with every mistake and its line."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from candidates import nominate, rows_of, rules, store_candidate
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Engine
from stored_leads import act_by, read_lead, store_lead

from effort import examples
from leadtriage.actions import (
    Judgement,
    ReviewFileResult,
    audit_lead,
    judge,
    judge_from_file,
    restore_lead,
    undo_last_act,
)
from leadtriage.core.errors import FileError, MistakesInFile
from leadtriage.core.vocabulary import VerdictKind, VerdictWord
from leadtriage.db import Verdict, check_database, reading

HEADER = "id,name,company,reason,why,verdict,verdict_reason,note,until,ask_for"


def judge_text(
    engine: Engine, *lines: str, header: str = HEADER, kind: VerdictKind = VerdictKind.REVIEW
) -> ReviewFileResult:
    stream = BytesIO("\n".join([header, *lines, ""]).encode())
    return judge_from_file(engine, rules(), act_by("Sam"), None, stream=stream, kind=kind)


def verdicts(engine: Engine, *lead_ids: int) -> list[tuple[str, str | None, str | None]]:
    return [
        (row["verdict"], row["reason"], row["note"])
        for lead_id in lead_ids
        for row in rows_of(engine, Verdict, lead_id)
    ]


def test_each_row_with_a_verdict_is_carried_out_in_one_act(engine: Engine) -> None:
    junk, rescue, nurture, ask, left = (store_candidate(engine) for _ in range(5))
    filed = judge_text(
        engine,
        f"{junk},Ann,Globex,is_competitor,why,junk,,sells the same,,",
        f"{rescue},Ann,Globex,is_competitor,why, Rescue ,No need,,,",
        f'{nurture},Ann,Globex,is_competitor,why,nurture,,"later, she says",3w,',
        f"{ask},Ann,Globex,is_competitor,why,ask,,,,need",
        f"{left},Ann,Globex,is_competitor,why,,,,,",
    )
    assert [(done.line, done.lead_id, done.name) for done in filed.verdicts] == [
        (2, junk, "Ann Lee"),
        (3, rescue, "Ann Lee"),
        (4, nurture, "Ann Lee"),
        (5, ask, "Ann Lee"),
    ]
    assert filed.left_alone == 1
    assert verdicts(engine, junk, rescue, nurture, ask, left) == [
        ("junk", "is_competitor", "sells the same"),
        ("rescue", "no_need", None),
        ("nurture", None, "later, she says"),
        ("ask", None, None),
    ]
    assert read_lead(engine, nurture)["nurture_until"] == date(2026, 12, 9)
    assert read_lead(engine, ask)["ask_for"] == "Need"
    taken = undo_last_act(engine, rules(), act_by("Sam"))
    assert {event["lead_id"] for event in taken.events} == {junk, rescue, nurture, ask}


def test_what_was_not_changed_since_a_file_can_be_taken_back(engine: Engine) -> None:
    ids = [store_candidate(engine) for _ in range(3)]
    judge_text(engine, *(f"{lead_id},Ann,Globex,is_competitor,why,junk,spam,,," for lead_id in ids))
    restore_lead(engine, rules(), act_by("Maria"), ids[1])
    taken = undo_last_act(engine, rules(), act_by("Sam"), rest=True)
    assert taken.left == (ids[1],)
    standing = [row for lead_id in ids for row in rows_of(engine, Verdict, lead_id) if row["withdrawn_at"] is None]
    assert {row["lead_id"] for row in standing} == {ids[1]}
    assert [read_lead(engine, lead_id)["stage"] for lead_id in ids] == ["new"] * 3
    with reading(engine) as connection:
        assert [line for line in check_database(connection).rows if line["found"]] == []


MISTAKES = {
    "no such lead": ("77,,,,,junk,spam,,,", "line 2: there is no lead 77"),
    "no id": (",Ann,,,,junk,spam,,,", "line 2: the id of the lead is missing"),
    "an id that is none": ("x1,,,,,junk,spam,,,", 'line 2: not the id of a lead: "x1"'),
    "an id that is too large": (f"{10**12},,,,,junk,spam,,,", "not the id of a lead"),
    "twice": ("{id},,,,,junk,spam,,,\n{id},,,,,rescue,no_fit,,,", "line 3: lead {id} has a verdict on line 2 already"),
    "no such verdict": ("{id},,,,,jnuk,spam,,,", 'line 2: unknown verdict "jnuk"; did you mean junk?'),
    "no reason": ("{id},,,,,junk,,,,", "line 2: the verdict junk needs a reason"),
    "a rescue by the reason that nominates": (
        "{id},,,is_competitor,,rescue,,,,",
        "line 2: the verdict rescue needs a reason of its own; fill in the column verdict_reason",
    ),
    "a reason misspelt": ("{id},,,,,junk,span,,,", 'line 2: unknown reason "span"; did you mean spam?'),
    "no day": ("{id},,,,,nurture,,,,", "line 2: the verdict nurture needs the day"),
    "a day that is none": ("{id},,,,,nurture,,,15/01/2027,", "not a day: '15/01/2027'"),
    "a day that is past": ("{id},,,,,nurture,,,2026-01-01,", "2026-01-01 is in the past"),
    "a day for junk": ("{id},,,,,junk,spam,,3w,", "line 2: until is filled in, which only nurture has"),
    "no question": ("{id},,,,,ask,,,,", "line 2: the verdict ask needs the criterion"),
    "no such question": ("{id},,,,,ask,,,,Nead", "did you mean Need?"),
    "no candidate": ("{other},,,,,junk,spam,,,", "line 2: lead {other}: nothing flags it as junk"),
    "too many cells": ("{id},,,,,junk,spam,,,,,more", "line 2: 12 cells where the header has 10"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_one_mistake_and_nothing_is_stored(sqlite_engine: Engine, case: str) -> None:
    text, message = MISTAKES[case]
    lead_id, good = store_candidate(sqlite_engine), store_candidate(sqlite_engine)
    other = store_lead(sqlite_engine, name="Bob", need="a lot")
    lines = text.format(id=lead_id, other=other).split("\n")
    with pytest.raises(MistakesInFile) as raised:
        judge_text(sqlite_engine, *lines, f"{good},,,,,junk,spam,,,")
    assert len(raised.value.mistakes) == 1
    assert message.format(id=lead_id, other=other) in raised.value.mistakes[0]
    assert not verdicts(sqlite_engine, lead_id, good)


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(engine: Engine) -> None:
    one, two = store_candidate(engine), store_candidate(engine)
    judge(engine, rules(), act_by("Maria"), [two], Judgement(VerdictWord.JUNK, "spam"))
    with pytest.raises(MistakesInFile, match="3 mistakes; none of its verdicts was stored") as raised:
        judge_text(engine, f"{two},,,,,junk,spam,,,", f"{one},,,,,junk,spam,,,", "x,,,,,junk,,,,", "88,,,,,junk,,,,")
    assert raised.value.mistakes == (
        f"line 2: lead {two}: Maria called it junk at 12:00",
        'line 4: not the id of a lead: "x"',
        "line 5: there is no lead 88",
    )
    assert not verdicts(engine, one)


def test_the_reason_is_the_files_own_where_somebody_changed_it(engine: Engine) -> None:
    kept, changed, rescued = (store_candidate(engine) for _ in range(3))
    judge_text(
        engine,
        f"{kept},is_competitor,junk,",
        f"{changed},spam,junk,",
        f"{rescued},no_fit,rescue,'=so good",
        header="id,reason,verdict,note",
    )
    assert verdicts(engine, kept, changed, rescued) == [
        ("junk", "is_competitor", None),
        ("junk", "spam", None),
        ("rescue", "no_fit", "=so good"),
    ]


def test_a_file_may_come_as_a_spreadsheet_program_saves_it(engine: Engine, tmp_path: Path) -> None:
    first, second = store_candidate(engine), store_candidate(engine)
    path = tmp_path / "verdicts.csv"
    path.write_bytes(f"\ufeffVerdict;Id;Reason;Note\r\njunk;{first};spam;Grüße\r\n\r\njunk;{second}\r\n".encode())
    with pytest.raises(MistakesInFile, match="needs a reason"):
        judge_from_file(engine, rules(), act_by("Sam"), path)
    path.write_bytes(
        f"\ufeffVerdict;Id;Reason;Note\r\njunk;{first};spam;Grüße\r\n;;;\r\njunk;{second};spam\r\n".encode()
    )
    assert len(judge_from_file(engine, rules(), act_by("Sam"), path).verdicts) == 2
    assert verdicts(engine, first, second) == [("junk", "spam", "Grüße"), ("junk", "spam", None)]


def test_a_trial_stores_nothing(engine: Engine, tmp_path: Path) -> None:
    lead_id = store_candidate(engine)
    path = tmp_path / "verdicts.csv"
    path.write_text(f"id,verdict,reason\n{lead_id},junk,spam\n", encoding="utf-8")
    tried = judge_from_file(engine, rules(), act_by("Sam"), path, dry_run=True)
    assert [done.lead_id for done in tried.verdicts] == [lead_id]
    assert not verdicts(engine, lead_id)
    done = judge_from_file(engine, rules(), act_by("Sam"), path)
    assert done == tried
    assert verdicts(engine, lead_id) == [("junk", "spam", None)]


def test_second_looks_come_from_a_file_too(engine: Engine) -> None:
    junk, candidate = store_candidate(engine), store_candidate(engine)
    judge(engine, rules(), act_by("Maria"), [junk], Judgement(VerdictWord.JUNK, "spam"))
    header = "id,verdict,reason"
    with pytest.raises(MistakesInFile, match="it is new, not junk"):
        judge_text(engine, f"{junk},rescue,no_fit", f"{candidate},junk,spam", header=header, kind=VerdictKind.AUDIT)
    judge_text(engine, f"{junk},rescue,no_fit", header=header, kind=VerdictKind.AUDIT)
    assert verdicts(engine, junk) == [("junk", "spam", None), ("rescue", "no_fit", None)]
    assert read_lead(engine, junk)["stage"] == "junk"
    audit_lead(engine, rules(), act_by("Sam"), junk, Judgement(VerdictWord.JUNK, "spam"))


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "is empty"), ("id,name\n1,Ann\n", "it has no column verdict"), ("a,b\n1,2\n", "no column id and no column")],
)
def test_a_file_that_can_hold_no_verdicts_is_refused(
    engine: Engine, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FileError, match=message):
        judge_from_file(engine, rules(), act_by("Sam"), path)


WORDS = ["", "junk", "rescue", "nurture", "ask", "nonsense"]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(WORDS),
        st.sampled_from(["", "spam", "no_fit", "span"]),
        st.sampled_from(["", "", "3w", "2020-01-01"]),
        st.sampled_from(["", "", "Need", "Nead"]),
    ),
    max_size=4,
)


@given(rows=ROWS)
@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_says_it_is_all_or_nothing(
    sqlite_engine: Engine, rows: list[tuple[int, str, str, str, str]]
) -> None:
    ids = [store_candidate(sqlite_engine) for _ in range(3)]
    nominate(sqlite_engine, ids[0])
    known = dict(enumerate([*ids, 10**6, 10**7]))
    lines = [f"{known[lead]},{word},{reason},{until},{question}" for lead, word, reason, until, question in rows]
    wanted = [line for line in lines if line.split(",")[1]]
    try:
        filed = judge_text(sqlite_engine, *lines, header="id,verdict,reason,until,ask_for")
    except MistakesInFile as error:
        assert 1 <= len(error.mistakes) <= len(wanted)
        assert not verdicts(sqlite_engine, *ids)
    else:
        assert len(filed.verdicts) == len(wanted) == len(verdicts(sqlite_engine, *ids))
        assert filed.left_alone == len(lines) - len(wanted)

"""A person is erased at the command line, and everything held about one is handed out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from program import DAY, Program

MARIA = ("--by", "Maria", *DAY)


def find(sample: Program, email: str) -> int:
    return int(next(row["id"] for row in sample.rows("leads", "--all") if row["email"] == email))


@pytest.fixture
def email(sample: Program) -> str:
    """The address of a lead of the sample, which was called and told of in a note."""
    row = next(row for row in sample.rows("queue", *DAY) if row["email"] and row["phone"])
    sample.done("touch", str(row["id"]), "call", "--note", f"wrote to {row['email']}", *MARIA)
    return str(row["email"])


def test_nothing_of_an_erased_person_is_left_in_the_files(sample: Program, email: str, tmp_path: Path) -> None:
    lead = find(sample, email)
    who = sample.rows("show", str(lead), *DAY)
    sample.done("db", "backup", "copy.db")
    ran = sample.done("forget", email, "--yes", *MARIA, "--format", "json")
    assert (ran.rows[0]["lead_id"], ran.rows[0]["rows"]) == (lead, 1)
    assert "copy.db" in ran.err
    held = b"".join(path.read_bytes() for path in tmp_path.glob("leadtriage.db*")).lower()
    for text in (email, who["name"], who["phone"]):
        assert text.encode().lower() not in held
    assert sample("show", email).code == 1
    assert lead not in {row["id"] for row in sample.rows("leads", "--all")}
    assert [row["text"] for row in sample.rows("history", "--lead", str(lead), "--kind", "forgotten")] == [
        "all personal data erased on request"
    ]
    assert all(row["result"] == "ok" for row in sample.rows("db", "check"))


def test_an_erased_person_is_not_imported_again(sample: Program, email: str, tmp_path: Path) -> None:
    sample.done("forget", email, "--yes", *MARIA)
    (tmp_path / "again.csv").write_text(f"name,email,need\nSomebody,{email.upper()},help\nBob,b@fox.example,x\n")
    ran = sample("import", "again.csv", *DAY, "--format", "json")
    assert (ran.code, ran.rows[0]["created"], ran.rows[0]["rejected"]) == (3, 1, 1)
    assert "this person asked to be forgotten on 2026-11-20" in ran.err
    assert "Somebody" not in (tmp_path / "again.csv.rejects.csv").read_text()
    assert email.encode() not in (tmp_path / "leadtriage.db").read_bytes().lower()
    assert "asked to be forgotten" in sample("add", "--email", email, *DAY).err


def test_erasing_is_asked_for_and_never_taken_back(sample: Program, email: str) -> None:
    ran = sample("forget", email, *MARIA)
    assert ran.code == 2
    assert "--yes" in ran.err
    lead = find(sample, email)
    sample.done("forget", str(lead), "--yes", *MARIA)
    ran = sample("undo", *MARIA)
    assert ran.code == 1
    assert "which cannot be undone" in ran.err
    ran = sample("forget", str(lead), "--yes", *MARIA)
    assert (ran.code, "forgotten on 2026-11-20" in ran.err) == (1, True)


@pytest.mark.parametrize(("typed", "erased"), [("{email}", True), ("{id}", True), ("yes", False), ("", False)])
def test_what_is_typed_decides(
    sample: Program, email: str, typed: str, erased: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = find(sample, email)
    monkeypatch.setattr("leadtriage.cli.commands.privacy.require_terminal", lambda _: None)
    monkeypatch.setattr("leadtriage.cli.commands.privacy.read_line", lambda _: typed.format(email=email, id=lead))
    assert sample("forget", str(lead), *MARIA).code == (0 if erased else 1)
    assert (sample("show", str(lead), *DAY).code == 1) is erased


def test_everything_held_about_a_person_is_handed_out(sample: Program, email: str, tmp_path: Path) -> None:
    sample.done("export", "--subject", email, "ann.json", *DAY)
    path = tmp_path / "ann.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["leads"][0]["email"] == email
    assert email in told["imported_rows"][0]["cells"].values()
    assert told["imported_rows"][0]["file"] == "leads.csv"
    assert told["touches"][0]["note"] == f"wrote to {email}"
    assert f"e:{email}" in {key["key"] for key in told["keys"]}
    assert {"created", "touch"} <= {event["kind"] for event in told["events"]}
    assert told["scores"][0]["lead_id"] == told["lead_id"]
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(sample.done("export", "--subject", email, *DAY).out) == told


@pytest.mark.parametrize(
    "words", [("export",), ("export", "--subject", "7", "a.csv"), ("export", "--subject", "7", "--owner", "Anna")]
)
def test_what_cannot_be_exported_is_wrong_usage(sample: Program, words: tuple[str, ...]) -> None:
    assert sample(*words).code == 2

"""Measures leadtriage against the limits of docs/performance.md, each next to a yardstick in the same run.

    python benchmarks/bench.py --rows 10000 --only startup lists

All files go to `.benchmarks/` and may be deleted. The commands run in their own processes, as a user runs them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from generate_leads import write_leads
from measure import Series, Task, run_alternately, run_once
from results import Result, describe_machine, difference, draw_table, format_seconds, memory, ratio, write_into
from score_by_hand import compare

PROJECT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
LEADTRIAGE = PROGRAMS / "leadtriage"
SQLITE_UTILS = PROGRAMS / "sqlite-utils"
AS_OF = "2026-11-02"
FEW_ROWS = 10_000
LISTS = ("queue", "junk", "stale")
REPORTS = ("funnel", "sources", "team", "reasons", "criteria", "trend")


@dataclass(frozen=True, slots=True)
class Bench:
    """The working folder, rows and rounds of all measurements."""

    folder: Path
    rows: int
    rounds: int

    def leads(self, rows: int) -> Path:
        """Return an export with that many rows; create it if needed."""
        path = self.folder / f"leads-{rows}.csv"
        if not path.exists():
            sys.stderr.write(f"writing {rows:,} leads\n")
            write_leads(path, rows)
        return path

    def remove(self, *names: str) -> Callable[[], None]:
        """Return a function that removes databases before a run."""

        def remove_all() -> None:
            for name in names:
                remove_database(self.folder / name)

        return remove_all

    def copy(self, name: str, to: str) -> Callable[[], None]:
        """Return a function that replaces a database by a copy of another before a run."""

        def put_copy() -> None:
            remove_database(self.folder / to)
            shutil.copyfile(self.folder / name, self.folder / to)

        return put_copy

    def ours(self, *arguments: str | Path, before: Callable[[], None] | None = None, watched: bool = False) -> Task:
        """Return a run of leadtriage as of a fixed day; rejected rows (exit code 3) do not fail it."""
        return Task((LEADTRIAGE, *arguments, "--as-of", AS_OF), before=before, accepted=(0, 3), watched=watched)


def remove_database(path: Path) -> None:
    """Remove a database and its side files."""
    for companion in path.parent.glob(f"{path.name}*"):
        companion.unlink()


def measure_import(bench: Bench) -> list[Result]:
    """Import compared to `sqlite-utils insert --csv`, many rows to few, the same file again, and one row more."""
    many, few, one = bench.leads(bench.rows), bench.leads(FEW_ROWS), bench.leads(1)
    first = run_alternately(
        bench.rounds,
        bench.folder,
        leadtriage=bench.ours("import", many, "--db", "many.db", before=bench.remove("many.db"), watched=True),
        sqlite_utils=Task(
            (SQLITE_UTILS, "insert", "other.db", "leads", many, "--csv"), before=bench.remove("other.db"), watched=True
        ),
    )
    small = run_alternately(
        max(bench.rounds, 5),
        bench.folder,
        few=bench.ours("import", few, "--db", "few.db", before=bench.remove("few.db")),
        one=bench.ours("import", one, "--db", "one.db", before=bench.remove("one.db")),
    )
    longer = bench.folder / "leads-longer.csv"
    shutil.copyfile(many, longer)
    with longer.open("ab") as file:
        file.write(b"1,Ada,Late,ada.late@added.example,,Added Inc,CEO,,,,,Germany,,Referral,New,2026-11-01 09:00,\r\n")
    again = run_alternately(
        bench.rounds,
        bench.folder,
        again=bench.ours("import", many, "--db", "again.db", before=bench.copy("many.db", "again.db")),
        longer=bench.ours("import", longer, "--db", "again.db", before=bench.copy("many.db", "again.db"), watched=True),
    )
    remove_database(bench.folder / "again.db")
    remove_database(bench.folder / "other.db")
    ours, theirs = first["leadtriage"], first["sqlite_utils"]
    rows = f"{bench.rows:,} rows"
    return [
        ratio(f"import of {rows} against `sqlite-utils insert --csv`", ours, theirs, 0.5),
        memory(f"peak memory of that import ({(many.stat().st_size / 1e6):.0f} MB of CSV)", ours, 300),
        memory("peak memory of sqlite-utils", theirs),
        per_row(bench.rows, ours, small["few"], small["one"]),
        ratio("the same file again against the first time", again["again"], ours, 1),
        ratio("the file with one row more against the first time", again["longer"], ours, 1),
        memory("peak memory of that", again["longer"], 300),
    ]


def per_row(rows: int, many: Series, few: Series, one: Series) -> Result:
    """Compare the time per row of a large and a small import, without start-up time."""
    large = (many.seconds - one.seconds) / rows
    small = (few.seconds - one.seconds) / FEW_ROWS
    measured = f"{large * 1e6:.1f} us against {small * 1e6:.1f} us, less {format_seconds(one)} for a file of one row"
    value = large / small
    return Result(f"time per row at {rows:,} against {FEW_ROWS:,}", measured, f"{value:.2f} x", "1.3 x", value <= 1.3)


def measure_score(bench: Bench) -> list[Result]:
    """Scoring compared to the same arithmetic in hand-written SQL, on copies of one database."""
    ensure_imported(bench)
    by_hand = (sys.executable, Path(__file__).with_name("score_by_hand.py"), "hand.db", AS_OF)
    series = run_alternately(
        bench.rounds,
        bench.folder,
        leadtriage=bench.ours("score", "--db", "scored.db", before=bench.copy("many.db", "scored.db"), watched=True),
        by_hand=Task(by_hand, before=bench.copy("many.db", "hand.db"), watched=True),
    )
    again = run_alternately(bench.rounds, bench.folder, again=bench.ours("score", "--db", "scored.db"))
    differing = compare(bench.folder / "hand.db", bench.folder / "scored.db")
    remove_database(bench.folder / "hand.db")
    return [
        ratio(f"score of {bench.rows:,} leads against SQL by hand", series["leadtriage"], series["by_hand"], 1.5),
        Result("leads that the two score differently", "", "some" if differing else "none", "none", not differing),
        memory("peak memory of that score", series["leadtriage"]),
        Result("score once more, nothing changed", format_seconds(again["again"]), ""),
    ]


def measure_lists(bench: Bench) -> list[Result]:
    """The first 50 rows of each list from many scored leads, compared to an empty database."""
    ensure_scored(bench)
    run_once(bench.ours("import", bench.leads(0), "--db", "empty.db", before=bench.remove("empty.db")), bench.folder)
    run_once(bench.ours("score", "--db", "empty.db"), bench.folder)
    results = []
    for name in LISTS:
        series = run_alternately(
            max(bench.rounds, 7),
            bench.folder,
            many=bench.ours(name, "--db", "scored.db"),
            empty=bench.ours(name, "--db", "empty.db"),
        )
        what = f"`{name}`, first 50 of {bench.rows:,} leads, against an empty database"
        results.append(difference(what, series["many"], series["empty"], 0.3))
    return results


def measure_reports(bench: Bench) -> list[Result]:
    """Each report from many leads that a team has worked on for a year, and the page with all reports."""
    ensure_scored(bench)
    bench.copy("scored.db", "worked.db")()
    work_on_leads(bench.folder / "worked.db")
    commands = {name: ("report", name) for name in REPORTS} | {"html": ("report", "html", "report.html", "--force")}
    series = run_alternately(
        max(bench.rounds, 3),
        bench.folder,
        **{name: bench.ours(*words, "--db", "worked.db") for name, words in commands.items()},
    )
    results = []
    for name, words in commands.items():
        what = f"`{' '.join(words[:2])}` of {bench.rows:,} leads"
        bar = 5 if name in REPORTS else None
        met = None if bar is None else series[name].seconds <= bar
        results.append(Result(what, format_seconds(series[name]), "", f"{bar} s" if bar else "", met))
    size = (bench.folder / "report.html").stat().st_size / 1000
    results.append(Result("size of that page", "", f"{size:.0f} kB", "1000 kB", size <= 1000))
    remove_database(bench.folder / "worked.db")
    return results


def work_on_leads(database: Path) -> None:
    """Change leads as a team does in a year, by `work_on_leads.sql`."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(Path(__file__).with_name("work_on_leads.sql").read_text(encoding="utf-8"))
        connection.commit()


def measure_startup(bench: Bench) -> list[Result]:
    """The time of a command before it does anything."""
    prepare = [
        bench.ours("import", bench.leads(100), "--db", "small.db", before=bench.remove("small.db")),
        bench.ours("score", "--db", "small.db"),
    ]
    for task in prepare:
        run_once(task, bench.folder)
    completion = {
        "_LEADTRIAGE_COMPLETE": "complete_bash",
        "_TYPER_COMPLETE_ARGS": "leadtriage qu",
        "COMP_WORDS": "leadtriage qu",
        "COMP_CWORD": "1",
    }
    series = run_alternately(
        max(bench.rounds, 15),
        bench.folder,
        nothing=Task((sys.executable, "-c", "pass")),
        help=Task((LEADTRIAGE, "--help")),
        completion=Task((LEADTRIAGE,), environment=completion),
        sqlmodel=Task((sys.executable, "-c", "import sqlmodel")),
        queue=bench.ours("queue", "--db", "small.db"),
    )
    return [
        difference("`--help` against `python -c pass`", series["help"], series["nothing"], 0.1),
        difference("completion against `python -c pass`", series["completion"], series["nothing"], 0.1),
        ratio("`queue` of 100 leads against `import sqlmodel`", series["queue"], series["sqlmodel"], 1.4),
    ]


def ensure_imported(bench: Bench) -> None:
    """Create the database of many leads if no earlier measurement has."""
    if not (bench.folder / "many.db").exists():
        run_once(bench.ours("import", bench.leads(bench.rows), "--db", "many.db"), bench.folder)


def ensure_scored(bench: Bench) -> None:
    """Create the database of many scored leads if no earlier measurement has."""
    ensure_imported(bench)
    if not (bench.folder / "scored.db").exists():
        run_once(bench.ours("score", "--db", "scored.db", before=bench.copy("many.db", "scored.db")), bench.folder)


MEASUREMENTS: dict[str, Callable[[Bench], list[Result]]] = {
    "startup": measure_startup,
    "import": measure_import,
    "score": measure_score,
    "lists": measure_lists,
    "reports": measure_reports,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description="Measure leadtriage against its limits.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=tuple(MEASUREMENTS))
    parser.add_argument("--folder", type=Path, default=PROJECT / ".benchmarks")
    parser.add_argument("--write", action="store_true", help="write the results to docs/performance.md")
    chosen = parser.parse_args(arguments)
    folder = chosen.folder.resolve() / str(chosen.rows)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("many.db", "scored.db"):
        remove_database(folder / name)
    for setting in [name for name in os.environ if name.startswith("LEADTRIAGE_")]:
        del os.environ[setting]
    bench = Bench(folder, chosen.rows, chosen.rounds)
    results: list[Result] = []
    for name in chosen.only:
        sys.stderr.write(f"{name}\n")
        results += MEASUREMENTS[name](bench)
    machine = f"{describe_machine()}, sqlite-utils {version('sqlite-utils')}; {chosen.rounds} rounds or more."
    text = f"{machine}\n\n{draw_table(results)}"
    sys.stdout.write(f"{text}\n")
    if chosen.write:
        write_into(PROJECT / "docs" / "performance.md", text)
    return 1 if any(result.met is False for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs the crontab of docs/cron.md, and those of other documents, in an empty environment with a stand-in mailer."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TEXT = (PROJECT / "docs" / "cron.md").read_text(encoding="utf-8")
TEAM = "\nteam:\n  - {name: Anna Berg, role: sales}\n"
NEEDED = ("flock", "base64", "mktemp")
pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or any(shutil.which(tool) is None for tool in NEEDED), reason=f"needs {', '.join(NEEDED)}"
)
CATCH_MAIL = """#!/bin/sh
printf '%s\\n' "$*" >>{folder}/calls
cat >{folder}/mail-$(ls {folder} | wc -l)
"""


def blocks(kind: str, text: str = TEXT) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Machine:
    """A folder that replaces the root of the file system."""

    root: Path

    @property
    def sales(self) -> Path:
        return self.root / "srv" / "sales"

    def place(self, text: str) -> str:
        """Move the paths in a text into this folder."""
        moved = text.replace("/home/sales/.local/bin", f"{Path(sys.executable).parent}:{self.root}/usr/sbin")
        return moved.replace("/srv/sales", str(self.sales)).replace(
            "/usr/sbin/sendmail", f"{self.root}/usr/sbin/sendmail"
        )

    def mails(self) -> list[bytes]:
        """Return the mails so far, in order."""
        found = sorted((self.root / "mails").glob("mail-*"), key=lambda path: int(path.name.partition("-")[2]))
        return [path.read_bytes() for path in found]

    def run(self, command: str, settings: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run a command as cron does, with only the environment of cron and the crontab."""
        settings = read_crontab()[0] if settings is None else settings
        words = [f"{name}={self.place(value)}" for name, value in {"HOME": str(self.root), **settings}.items()]
        line = self.place(command).replace("\\%", "%")
        return subprocess.run(
            ["env", "-i", *words, "/bin/sh", "-c", line], cwd=self.root, capture_output=True, check=False
        )


def read_crontab(text: str = TEXT) -> tuple[dict[str, str], list[str]]:
    """Return the settings and commands of a crontab."""
    (crontab,) = blocks("crontab", text)
    lines = [line for line in crontab.splitlines() if line]
    settings = [line.partition("=") for line in lines if re.match(r"[A-Z_]+=", line)]
    jobs = [line.split(maxsplit=5)[5] for line in lines if line[0].isdigit()]
    assert len(settings) + len(jobs) == len(lines)
    return {name: value.strip('"') for name, _, value in settings}, jobs


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with the scripts of the document and an export of two leads, both long overdue."""
    return make_machine(tmp_path)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, list[subprocess.CompletedProcess[bytes]]]:
    """A machine after one run of each crontab line, with the results."""
    made = make_machine(tmp_path_factory.mktemp("cron"))
    return made, [made.run(job) for job in read_crontab()[1]]


def make_machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    for folder in (made.sales / "exports", made.sales / "backups", tmp_path / "usr" / "sbin", tmp_path / "mails"):
        folder.mkdir(parents=True)
    scripts = [(made.sales / name(script), made.place(script)) for script in blocks("sh")]
    catch = CATCH_MAIL.format(folder=shlex.quote(str(tmp_path / "mails")))
    scripts += [(tmp_path / "usr" / "sbin" / mailer, catch) for mailer in ("sendmail", "mail")]
    for path, text in scripts:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    came = datetime.now(UTC).date() - timedelta(days=40)
    rows = [
        "Name,Email,Owner,Created",
        f"Zoë Überall,zoe@firm.com,Anna Berg,{came}",
        f"Bo,bo@firm.com,Cy Dent,{came}",
        ",,Ed,",
    ]
    (made.sales / "exports" / "leads.csv").write_text("\n".join(rows), encoding="utf-8")
    return made


def name(script: str) -> str:
    found = re.match(r"#!/bin/sh\n# /srv/sales/([\w-]+): ", script)
    assert found
    return found[1]


def test_a_day_of_cron(day: tuple[Machine, list[subprocess.CompletedProcess[bytes]]]) -> None:
    machine, said = day
    assert [done.returncode for done in said] == [0] * len(said), [done.stderr for done in said]
    morning, digest, to_anna, trend, backup = said
    assert b"rejected" in morning.stderr
    assert "Zoë Überall" in digest.stdout.decode("utf-8")
    assert trend.stdout.startswith(b"Trend\n")
    assert morning.stdout == to_anna.stdout == backup.stdout == b""
    assert digest.stderr == to_anna.stderr == trend.stderr == backup.stderr == b""
    message = message_from_bytes(machine.mails()[0])
    assert (message["To"], message.get_content_type()) == ("anna@example.com", "text/html")
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "Zoë Überall" in body.decode("utf-8")
    assert b"bo@firm.com" not in body
    assert b">Bo<" not in body
    assert len(list((machine.sales / "backups").iterdir())) == 1


def test_a_second_morning_of_the_same_file_says_nothing(
    day: tuple[Machine, list[subprocess.CompletedProcess[bytes]]],
) -> None:
    machine, _ = day
    again = machine.run(read_crontab()[1][0])
    assert (again.returncode, again.stdout, again.stderr) == (0, b"", b"")


def test_the_lines_of_automating_mail_only_what_there_is_to_say(machine: Machine) -> None:
    text = (PROJECT / "docs" / "automation.md").read_text(encoding="utf-8")
    criteria = (PROJECT / "criteria.example.yaml").read_text(encoding="utf-8") + TEAM
    (machine.sales / "criteria.yaml").write_text(criteria, encoding="utf-8")
    settings, jobs = read_crontab(text)
    morning, assigned, stale, junk, backup = [machine.run(job, settings) for job in jobs]
    assert [done.returncode for done in (morning, assigned, stale, junk, backup)] == [0] * 5, assigned.stderr
    assert (morning.stdout, b"rejected" in morning.stderr) == (b"", True)
    assert stale.stdout.startswith(b"Stale leads\n")
    assert assigned.stdout == junk.stdout == backup.stdout == b"", (
        "both leads have an owner, and neither is a candidate"
    )
    assert assigned.stderr == stale.stderr == junk.stderr == backup.stderr == b""
    again = machine.run(jobs[0], settings)
    assert (again.returncode, again.stdout, again.stderr) == (0, b"", b"")


@pytest.mark.parametrize("document", ["README.md", "docs/tutorial.md", "docs/report-html.md"])
def test_a_single_line_runs_with_the_environment_of_cron(
    day: tuple[Machine, list[subprocess.CompletedProcess[bytes]]], document: str
) -> None:
    machine, _ = day
    programs = machine.root / ".local" / "bin"
    (machine.root / "srv" / "www").mkdir(exist_ok=True)
    if not programs.exists():
        programs.parent.mkdir()
        programs.symlink_to(Path(sys.executable).parent, target_is_directory=True)
    lines = re.findall(
        r"^[\d*]+(?: +[\d*-]+){4} +(.*leadtriage .*)$", (PROJECT / document).read_text("utf-8"), re.MULTILINE
    )
    assert lines
    for line in lines:
        done = machine.run(line.replace("/srv/www", f"{machine.root}/srv/www"), {"PATH": "/usr/bin:/bin"})
        assert (done.returncode, done.stderr) == (0, b""), done.stderr


def test_no_mail_where_there_is_nothing_to_say(
    day: tuple[Machine, list[subprocess.CompletedProcess[bytes]]],
) -> None:
    machine, _ = day
    before = len(machine.mails())
    for script in ("mail-digest", "mail-text"):
        assert machine.run(f"cd /srv/sales && ./{script} cy@example.com --owner 'Nobody at all'").returncode == 0
    assert len(machine.mails()) == before
    assert machine.run("cd /srv/sales && ./mail-text cy@example.com --owner 'Cy Dent'").returncode == 0
    assert machine.run("cd /srv/sales && ./mail-failure boss@example.com").returncode == 0
    text, failure = machine.mails()[before:]
    assert text.startswith(b"# Leads of Cy Dent, ")
    assert message_from_bytes(failure)["To"] == "boss@example.com"


def test_a_second_morning_waits_for_none(machine: Machine) -> None:
    held = machine.run(f"cd /srv/sales && flock -n .morning.lock -c {shlex.quote(read_crontab()[1][0])}")
    assert (held.returncode, held.stdout, held.stderr) == (0, b"", b""), "left out while the one before runs"
    assert not (machine.sales / "leadtriage.db").exists()


def test_a_morning_that_fails_says_so(machine: Machine) -> None:
    (machine.sales / "exports" / "leads.csv").unlink()
    failed = machine.run(read_crontab()[1][0])
    assert failed.returncode == 1
    assert b"leads.csv" in failed.stderr


def test_the_units_are_understood_by_systemd(machine: Machine) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    units = []
    for unit in blocks("ini"):
        found = re.match(r"# /etc/systemd/system/([\w.-]+)\n", unit)
        assert found
        path = machine.root / found[1]
        path.write_text(machine.place(unit), encoding="utf-8")
        assert "NoNewPrivileges" not in unit, "Postfix's sendmail would wait for ever"
        units.append(str(path))
    assert len(units) == 3
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")

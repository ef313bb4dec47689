"""The program in a process of its own: pipes that close, Ctrl-C, odd locales, cron's empty environment, terminals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from program import DAY

from conftest import copy_sample

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a Unix terminal or signal")
PROGRAM = (sys.executable, "-c", "from leadtriage.cli.app import run; run()")
HOSTILE_ROWS = (
    ("\x1b[2J\x1b]0;owned\x07", "a@a.example.com"),
    ("[/b][link=x]click[/link]", "b@a.example.com"),
    (":smile:", "c@a.example.com"),
    ("\u202egnp.exe", "d@a.example.com"),
    ("=cmd|' /C calc'!A0", "e@a.example.com"),
    ("\x9b31m", "f@a.example.com"),
    ("Ægir Ωmega 漢字", "g@a.example.com"),
)


def run_program(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), **(environment or {}), **needed_by_the_system()},
        capture_output=True,
        check=False,
    )


def needed_by_the_system() -> dict[str, str]:
    """What Windows cannot start a process without."""
    return {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with hostile leads imported and scored, for tests that only read."""
    tmp_path = tmp_path_factory.mktemp("hostile")
    lines = ["name,email", *(f'"{name}",{email}' for name, email in HOSTILE_ROWS)]
    (tmp_path / "leads.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert run_program(tmp_path, "import", "leads.csv", *DAY).returncode == 0
    assert run_program(tmp_path, "score", *DAY).returncode == 0
    return tmp_path


@pytest.mark.parametrize(
    "locale", [{}, {"LANG": "C", "LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0"}]
)
def test_any_locale_can_list_any_name(folder: Path, locale: dict[str, str]) -> None:
    ran = run_program(folder, "queue", *DAY, environment=locale)
    assert ran.returncode == 0, ran.stderr
    assert b"Traceback" not in ran.stderr
    assert b"\x1b" not in ran.stdout
    assert b"g@a.example.com" in ran.stdout


def test_a_pipe_gets_utf_8_whatever_the_locale(folder: Path) -> None:
    ran = run_program(folder, "queue", "--format", "json", *DAY, environment={"LC_ALL": "C"})
    names = {row["name"] for row in json.loads(ran.stdout.decode("utf-8"))}
    assert "Ægir Ωmega 漢字" in names


@unix_only
def test_a_closed_pipe_ends_the_program_silently(folder: Path) -> None:
    command = [*PROGRAM, "leads", "--all", "--format", "json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.wait()
    assert b"Traceback" not in said
    assert b"Broken" not in said


@unix_only
def test_a_terminal_gets_colours_unless_it_says_no(folder: Path) -> None:
    assert b"\x1b[" in run_on_terminal(folder, {"TERM": "xterm-256color"})
    assert b"\x1b[" not in run_on_terminal(folder, {"TERM": "xterm-256color", "NO_COLOR": "1"})
    assert b"\x1b[" not in run_on_terminal(folder, {"TERM": "dumb"})
    narrow = run_on_terminal(folder, {"TERM": "dumb", "COLUMNS": "40"}).decode("utf-8")
    assert max(map(len, narrow.splitlines())) <= 40


def run_on_terminal(folder: Path, environment: dict[str, str]) -> bytes:
    """What `queue` writes to a terminal."""
    import pty

    ours, theirs = pty.openpty()
    variables = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **environment}
    command = [*PROGRAM, "queue", *DAY]
    with subprocess.Popen(command, cwd=folder, env=variables, stdout=theirs, stderr=subprocess.DEVNULL) as process:
        os.close(theirs)
        written = b""
        try:
            while block := os.read(ours, 65536):
                written += block
        except OSError:
            # Linux tells of the closed terminal by an error.
            pass
        process.wait()
    os.close(ours)
    assert process.returncode == 0
    return written


@unix_only
def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    copy_sample(tmp_path)
    fifo = tmp_path / "slow"
    os.mkfifo(fifo)
    with fifo.open("r+b", buffering=0) as writer:
        command = [*PROGRAM, "import", "-", *DAY]
        with subprocess.Popen(command, cwd=tmp_path, stdin=writer, stderr=subprocess.PIPE) as process:
            writer.write(b"name,email\nAnna,anna@a.example.com\n")
            while count_unread(writer.fileno()) and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            said = process.stderr.read()
            process.wait()
    assert process.returncode == 130, said
    assert b"interrupted; nothing of the unfinished file was imported" in said
    assert b"Traceback" not in said
    leads = run_program(tmp_path, "leads", "--format", "json")
    assert json.loads(leads.stdout) == []


def count_unread(pipe: int) -> int:
    """Bytes that nobody has read yet: none once the program waits for more."""
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_many_commands_at_once_all_succeed(tmp_path: Path) -> None:
    copy_sample(tmp_path)
    assert run_program(tmp_path, "import", "leads.csv", *DAY).returncode == 3
    (tmp_path / "more.csv").write_text(
        "name,email\n" + "".join(f"Lead {i},lead{i}@a.example.com\n" for i in range(300)), encoding="utf-8"
    )
    (tmp_path / "other.csv").write_text(
        "name,email\n" + "".join(f"Other {i},other{i}@a.example.com\n" for i in range(300)), encoding="utf-8"
    )
    commands = [("import", "more.csv"), ("import", "other.csv"), ("score",), ("queue",)]
    running = [
        subprocess.Popen([*PROGRAM, *command, *DAY], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for command in commands
    ]
    for process in running:
        _, said = process.communicate()
        assert process.returncode == 0, said
    checks = json.loads(run_program(tmp_path, "db", "check", "--format", "json").stdout)
    assert [row["check"] for row in checks if row["found"]] == []
    counted = json.loads(run_program(tmp_path, "db", "info", "--format", "json").stdout)
    assert counted[0]["leads"] == 665

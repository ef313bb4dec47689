"""Drives a headless Chromium over a pipe, to see a page as people do."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


@dataclass
class Page:
    """An open page with its console messages and network requests."""

    _commands: IO[bytes]
    _answers: IO[bytes]
    _session: str = ""
    _number: int = 0
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def show(self, path: Path) -> None:
        """Open a file and wait until it is loaded."""
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self._send(f"{domain}.enable")
        self._send("Page.navigate", url=path.as_uri())
        while self._read().get("method") != "Page.loadEventFired":
            pass

    def resize(self, width: int, height: int = 900, *, scheme: str = "light") -> None:
        """Resize the window to a size in pixels."""
        self._send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        self._send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression on the page."""
        answer = self._send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def photograph(self) -> bytes:
        """Return a PNG picture of the whole page."""
        picture = self._send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(picture["data"])

    def print_out(self) -> bytes:
        """Return the page as a PDF."""
        return base64.b64decode(self._send("Page.printToPDF", preferCSSPageSize=True)["data"])

    def close(self) -> None:
        """Close the browser, which writes its profile until then."""
        self._session = ""
        self._send("Browser.close")
        self._answers.read()

    def _send(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        self._commands.write(json.dumps(command).encode() + b"\0")
        self._commands.flush()
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _read(self) -> dict[str, Any]:
        message = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser has exited"
            message += byte
        answer: dict[str, Any] = json.loads(message)
        match answer.get("method"):
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded":
                self.messages.append(json.dumps(answer["params"]))
            case "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
        return answer


@contextmanager
def browsing(profile: Path) -> Iterator[Page]:
    """Start a browser with an empty profile."""
    assert CHROMIUM is not None
    their_end, ours_out = os.pipe()
    theirs_in = _move_up(their_end)
    ours_in, their_end = os.pipe()
    theirs_out = _move_up(their_end)

    def take_pipes() -> None:
        os.dup2(theirs_in, 3)
        os.dup2(theirs_out, 4)

    browser = subprocess.Popen(
        [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=take_pipes,
        close_fds=False,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        with os.fdopen(ours_out, "wb") as commands, os.fdopen(ours_in, "rb") as answers:
            page = Page(commands, answers)
            yield page
            page.close()
    finally:
        browser.terminate()
        browser.wait(timeout=20)


def _move_up(number: int) -> int:
    """Duplicate a file descriptor above 3 and 4, which the browser uses for its pipes."""
    higher = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(number)
    return higher

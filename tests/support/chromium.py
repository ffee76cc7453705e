"""Chromium without a window, spoken to over a pipe: a page at a width, in the light or the dark."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CHROMIUM = shutil.which("chromium")
_FLAGS = (
    "headless",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "hide-scrollbars",
    "remote-debugging-pipe",
)


class Browser:
    """A browser with one page; ends with the `with` block.

    Args:
        profile: a folder for what it keeps.

    Raises:
        RuntimeError: if Chromium is not installed.
    """

    def __init__(self, profile: Path) -> None:
        if CHROMIUM is None:
            raise RuntimeError("expected chromium among the programs. Install the package chromium")
        # It reads commands from file 3 and answers on file 4.
        read, self._commands = os.pipe()
        self._answers, write = os.pipe()
        flags = " ".join(f"--{flag}" for flag in (*_FLAGS, f"user-data-dir={profile}"))
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {CHROMIUM} {flags} 3<&{read} 4>&{write}"],
            pass_fds=(read, write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read)
        os.close(write)
        self._unread, self._last, self._session = b"", 0, None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._call("Page.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        os.close(self._commands)
        os.close(self._answers)

    def show(self, path: Path, *, width: int, scheme: str, scale: float = 1) -> None:
        """Open a file in a window of `width` pixels, `scheme` "light" or "dark"."""
        self.open(path.as_uri(), width=width, scheme=scheme, scale=scale)

    def open(self, url: str, *, width: int, scheme: str, scale: float = 1) -> None:
        """Open an address, as `show` does a file."""
        size = {"width": width, "height": 900, "deviceScaleFactor": scale, "mobile": width < 800}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", features=features)
        # The same address with another fragment would be no new page.
        self._call("Page.navigate", url="about:blank")
        self._call("Page.navigate", url=url)
        while self.value("document.readyState + location.href") != f"complete{url}":
            pass

    def until(self, expression: str, *, seconds: float = 20) -> None:
        """Wait until a JavaScript expression is true.

        Raises:
            TimeoutError: if it does not become so.
        """
        end = time.monotonic() + seconds
        while not self.value(expression):
            if time.monotonic() > end:
                raise TimeoutError(f"not true within {seconds} s: {expression}")
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """Press a key, such as "Tab" or "Enter"."""
        text = {"text": "\r"} if key == "Enter" else {}
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            self._call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **(text if kind == "keyDown" else {}),
            )

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is on the page."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def picture(self) -> np.ndarray:
        """The whole page as uint8 [height, width, 3]."""
        found = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        with Image.open(io.BytesIO(base64.b64decode(found["data"]))) as image:
            return np.asarray(image.convert("RGB"))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        call = {"id": self._last, "method": method, "params": parameters}
        if self._session is not None:
            call["sessionId"] = self._session
        os.write(self._commands, json.dumps(call).encode() + b"\0")
        while (answer := self._answer()).get("id") != self._last:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _answer(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            data = os.read(self._answers, 1 << 20)
            if not data:
                raise RuntimeError("the browser ended")
            self._unread += data
        answer, self._unread = self._unread.split(b"\0", 1)
        return json.loads(answer)

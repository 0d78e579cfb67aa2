"""A Jupyter kernel inside this process: what runs in Jupyter runs here, magics included.

It is ipykernel's own application with its sockets, threads and event loop. Only the client is
missing: cells are handed over as messages, and outputs go to a socket that nobody listens to, so
that an endless output fills nothing. Starting a kernel that imports torch costs seconds; this one
starts in a process that was forked with all of it imported.
"""

import asyncio
import os
import sys
from pathlib import Path

from ipykernel.kernelapp import IPKernelApp

from .surroundings import SENTENCE

CLIENT = [b"grader"]
MAGICS = ("pip", "conda", "mamba", "micromamba", "uv")  # install nothing, see ``surroundings``
TICK = 0.1  # seconds; a signal's callback waits until the loop turns


class Kernel:
    """The kernel of this process; there can be only one. Its connection file is in ``folder``."""

    def __init__(self, folder: Path):
        os.environ.pop("MPLBACKEND", None)  # as in Jupyter: the kernel chooses "inline"
        os.environ.pop("PYTHONSTARTUP", None)  # the grader's own
        connection = str(folder / "kernel.json")
        sys.argv = ["ipykernel_launcher.py", "-f", connection]
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        app = IPKernelApp.instance()
        app.initialize(["-f", connection, "--HistoryManager.hist_file=:memory:", *_sockets(folder)])
        assert app.shell is not None  # it has one as soon as it is initialized
        self.kernel, self.shell = app.kernel, app.shell
        for name in MAGICS:
            self.shell.register_magic_function(_says_so, "line", name)
        self.kernel.start()
        self._heartbeat = self.loop.create_task(_turn())
        self._results = []
        self.shell.events.register("post_run_cell", self._results.append)

    @property
    def names(self) -> dict:
        """The notebook's global names."""
        return self.shell.user_ns

    def run(self, source: str) -> BaseException | None:
        """Run one cell and return its error."""
        self._results.clear()
        content = {"code": source, "silent": False, "store_history": True}
        content |= {"allow_stdin": False, "stop_on_error": False}
        message = self.kernel.session.msg("execute_request", content)
        self.kernel.set_parent(CLIENT, message)
        request = self.kernel.execute_request(self.kernel.shell_stream, CLIENT, message)
        try:
            self.loop.run_until_complete(request)
        except BaseException as error:  # a cell may stop the loop
            return error
        result = self._results[-1] if self._results else None
        return result and (result.error_before_exec or result.error_in_exec)


def _says_so(line: str) -> None:
    print(SENTENCE)


def _sockets(folder: Path) -> list[str]:
    """Sockets as files, where their names fit: without ports, and without a network."""
    address = str(folder / "kernel")
    return ["--transport=ipc", f"--ip={address}"] if len(address) < 90 else []


async def _turn() -> None:
    while True:
        await asyncio.sleep(TICK)

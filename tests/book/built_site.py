"""The built site, served from a sub-path, and what its pages say and ask for in a browser."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
NOTEBOOKS = ROOT / "_build" / "notebooks"
SUBPATH = "/some/where/"  # as on GitHub Pages, the site is not at the server's root


def pages() -> list[str]:
    """Paths of all pages below the site's root, or one that says what to do."""
    found = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html"))
    # The first page's address of old only leads to it.
    found = [path for path in found if path != "book/index.html" and not path.startswith("_")]
    return found or ["not built: run `make book` first"]


def chapters() -> list[str]:
    return [path for path in pages() if path.startswith("chapters/")]


def grouped(paths: list[str]) -> list[Any]:
    """Parameters of tests: what looks at one page runs in one process, which visits it once."""
    return [pytest.param(path, marks=pytest.mark.xdist_group(path)) for path in paths]


class Handler(SimpleHTTPRequestHandler):
    """Serves the site below ``SUBPATH`` only, silently, and pages that are not in its folder."""

    extra: Mapping[str, bytes] = {}

    def do_GET(self) -> None:
        page = self.extra.get(self.path.removeprefix(SUBPATH))
        if page is None:
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def translate_path(self, path: str) -> str:
        inside = path.startswith(SUBPATH)
        return super().translate_path("/" + path.removeprefix(SUBPATH) if inside else "/outside")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path = HTML, extra: Mapping[str, bytes] | None = None) -> Iterator[str]:
    """The address of the site's root on a local server."""
    handler = type("WithPages", (Handler,), {"extra": extra or {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{SUBPATH}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Log:
    """What a page complained of, and what it asked for."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def foreign(self, root: str) -> list[str]:
        """Requests to anyone but the site itself."""
        own = f"{urlsplit(root).scheme}://{urlsplit(root).netloc}"
        return [url for url in self.requests if not url.startswith((own, "data:", "blob:"))]


def listen(page: Page) -> Log:
    log = Log()
    page.on("request", lambda request: log.requests.append(request.url))
    # A request that ends because the page is left for the next one has not failed.
    page.on(
        "requestfailed",
        lambda request: (
            log.failed.append(request.url) if request.failure != "net::ERR_ABORTED" else None
        ),
    )
    page.on("pageerror", lambda error: log.errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            log.errors.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on(
        "response",
        lambda response: log.failed.append(response.url) if response.status >= 400 else None,
    )
    return log


def settle(page: Page) -> None:
    """Wait for the maths to be drawn and the fonts to be there."""
    page.wait_for_load_state("load")
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.evaluate("() => document.fonts.ready.then(() => true)")

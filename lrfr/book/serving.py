"""Show the rendered pages on localhost."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from lrfr.book.site import site_dir
from lrfr.errors import LrfrError


class _Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a line per request."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def server(place: Path | None = None, port: int = 8000) -> ThreadingHTTPServer:
    """A server of the rendered pages, bound to localhost; 0 picks a free port.

    Raises:
        LrfrError: there are no pages, or the port is taken.
    """
    root = place or site_dir()
    if not (root / "index.html").is_file():
        raise LrfrError(f"Expected the rendered book in {root}, found none: run `make book` first.")
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(root)))
    except OSError as error:
        raise LrfrError(
            f"Port {port} of localhost is not free ({error.strerror}): choose another with --port."
        ) from None


@contextmanager
def served(place: Path) -> Iterator[str]:
    """Serve a folder in the background; yields its address."""
    running = server(place, 0)
    Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        running.server_close()


def serve(port: int = 8000) -> None:
    """Serve the book until interrupted.

    Raises:
        LrfrError: see :func:`server`.
    """
    with server(port=port) as running:
        print(f"The book is at http://127.0.0.1:{running.server_address[1]} (Ctrl-C ends it).", flush=True)
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print()

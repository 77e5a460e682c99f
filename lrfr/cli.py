"""The same things from a shell. Each command imports what it needs when it runs: `lrfr --help` answers at once."""

import sys
from typing import Annotated

import typer

from lrfr import commands
from lrfr.book import commands as book_commands
from lrfr.errors import LrfrError

app = typer.Typer(
    help="Low-resolution face recognition: the commands behind the study book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


app.add_typer(commands.app)
app.add_typer(book_commands.app)


@app.command("assets", rich_help_panel=commands.READERS)
def assets_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Assets, or groups of them (demo, study, optional); default: all.", show_default=False),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what is missing; without names, the group demo.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Hash what is there; a damaged asset is taken out.")] = False,
) -> None:
    """List networks and face sets: what is there, what is missing, what it is needed for."""
    from rich.console import Console
    from rich.table import Table

    from lrfr import assets, progress

    chosen = assets.select(names or (["demo"] if fetch else []))
    if check:
        damaged = [a.name for a in chosen if assets.status(a.name) == "present" and not assets.verify(a.name)]
        for name in damaged:
            assets.remove(name)
        if damaged and not fetch:
            raise LrfrError(
                f"Damaged and taken out of the cache: {', '.join(damaged)}; "
                f"run `lrfr assets --fetch {' '.join(damaged)}` to fetch again."
            )
    if fetch:
        missing = [a for a in chosen if assets.status(a.name) == "missing"]
        megabytes = {a.name: max(1, round(a.size / 1e6)) for a in missing}
        with progress.track("Fetching", sum(megabytes.values()), unit="MB") as advance:
            for asset in missing:
                assets.fetch(asset)
                advance(megabytes[asset.name])
        if missing:
            typer.echo(f"Fetched {', '.join(a.name for a in missing)}.")
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a line each, for grep
    table = Table("name", "state", "MB", "group", "needed for", "licence", box=None, pad_edge=False)
    for asset in chosen:
        where = f"; no package has it: {asset.elsewhere}" if asset.elsewhere else ""
        table.add_row(
            asset.name,
            assets.status(asset.name),
            f"{asset.size / 1e6:.1f}" if asset.size else "–",
            asset.group,
            asset.needed_for + where,
            asset.licence,
        )
    console.print(table)


def main() -> None:
    """Run the command line; a `LrfrError` becomes one sentence on stderr and status 1, and so does a full disk."""
    try:
        app()
    except LrfrError as error:
        print(f"lrfr: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        what = f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)
        print(f"lrfr: A file could not be read or written ({what}): mend that and call again.", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()

"""The book from a shell: ``lrfr book``, ``lrfr serve``, ``lrfr pair``, ``lrfr reference``."""

from typing import Annotated

import typer

app = typer.Typer()

#: How `lrfr --help` groups these commands.
BOOK = "The book"

Chapter = Annotated[str | None, typer.Option(help="Only this chapter.", show_default=False)]


@app.command("book", rich_help_panel=BOOK)
def book_command(
    chapter: Chapter = None,
    profile: Annotated[str, typer.Option(help="How much: smoke, demo, study or paper.")] = "demo",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of every draw.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    data_root: Annotated[
        str | None, typer.Option(help="Folder with lfw/ and celeba/ (or set LRFR_DATA).", show_default=False)
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Execute even what did not change.")] = False,
) -> None:
    """Execute the chapters whose inputs changed and render the pages into build/site."""
    from lrfr.book import build

    typer.echo(f"The book is in {build(chapter, profile, seed, device, data_root, fresh)}; `lrfr serve` shows it.")


@app.command("serve", rich_help_panel=BOOK)
def serve_command(port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 8000) -> None:
    """Show the rendered pages on localhost."""
    from lrfr.book.serving import serve

    serve(port)


@app.command("pair", rich_help_panel=BOOK)
def pair_command(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail where a pair is out of step.")] = False,
) -> None:
    """Bring the notebooks in step with the chapters' texts."""
    from lrfr.book.pairing import pair

    updated = pair(check)
    typer.echo(f"Brought in step: {', '.join(updated)}." if updated else "Texts and notebooks are in step.")


@app.command("reference", rich_help_panel=BOOK)
def reference_command(chapter: Chapter = None) -> None:
    """Execute chapters in the smoke profile and store what they show as the notebooks that tests compare with."""
    from lrfr.book.reference import reference

    for path in reference(chapter):
        typer.echo(f"Wrote {path.name}.")

"""Commands about faces and trainings; see `lrfr.cli`."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer()

#: How `lrfr --help` groups the commands.
READERS, TRAINING, RESULTS = "Faces of your own", "Trainings", "Recorded results"

Sizes = Annotated[
    list[int] | None, typer.Option(help="Sizes in pixels; may be given several times; default: 7, 14, 28 and 56.")
]
Labels = Annotated[
    list[str] | None, typer.Option(help="Labels such as FTLGAN; may be given several times; default: all.")
]


@app.command("prepare", rich_help_panel=READERS)
def prepare_command(
    names: Annotated[list[str], typer.Argument(help="att, lfw, scface and so on, or a folder of <identity>/*.jpg.")],
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Download LFW first, through scikit-learn; no other set can be downloaded.")
    ] = False,
) -> None:
    """Cut faces to 112 x 112 and keep them; an interrupted call goes on. Lists every picture it could not use."""
    from lrfr import datasets
    from lrfr.datasets import lfw
    from lrfr.errors import LrfrError

    if fetch and "lfw" not in names:
        raise LrfrError(f"--fetch downloads LFW alone, not {', '.join(names)}: data/README.md says how to get a set.")
    for name in names:
        if fetch and name == "lfw":
            lfw.fetch()
        prepared = datasets.prepared(name)
        faces = datasets.load(name)
        typer.echo(f"{name}: {len(faces)} faces of {len(faces.identities)} people; {len(prepared.unusable)} unusable.")
        if prepared.by_frame:
            typer.echo(
                f"  In {prepared.by_frame} no face was found: they are cut where the set's pictures have theirs."
            )
        for file, reason in prepared.unusable.itertuples(index=False):
            typer.echo(f"  {file}: {reason}")


@app.command("train", rich_help_panel=TRAINING)
def train_command(
    name: Annotated[str, typer.Argument(help="As `lrfr queue --ledger` lists them.")],
) -> None:
    """Train one planned run on CelebA, or resume it."""
    from lrfr import runs

    typer.echo(f"{runs.execute(name).parent.name}: trained.")


@app.command("fine-tune", rich_help_panel=READERS)
def fine_tune_command(
    name: Annotated[str, typer.Argument(metavar="SET", help="scface or tinyface, below LRFR_DATA.")],
    start: Annotated[str, typer.Option(help="Run whose face network goes on.")] = "logexp-maug-logexp1",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the draws, and of the 50 people of SCface.")] = 0,
) -> None:
    """Fine-tune a face network on your own copy of a surveillance set, as logexp does before its Tables 1 and 2."""
    from lrfr import runs

    weights = runs.fine_tune(name, start, seed)
    typer.echo(
        f"{weights.parent.name}: trained. Then: lrfr evaluate {name} --seed {seed} --recognizer robust "
        f"--recognizer-weights {shlex.quote(str(weights))}"
    )


@app.command("queue", rich_help_panel=TRAINING)
def queue_command(
    names: Annotated[
        list[str] | None, typer.Argument(help="Only runs whose names begin so; default: every run.")
    ] = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Only say what each run costs and which are done.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Single-thread processes side by side.")] = 2,
) -> None:
    """Train every planned run that is not done yet; killed and called again, it goes on."""
    from lrfr import plans, runs
    from lrfr.errors import LrfrError

    known = [*plans.planned(), *plans.pilots()]
    if strange := [name for name in names or () if not any(run.name.startswith(name) for run in known)]:
        raise LrfrError(f"No planned run's name begins with '{strange[0]}': `lrfr queue --ledger` lists them.")
    chosen = [run for run in known if not names or run.name.startswith(tuple(names))]
    if ledger:
        table = runs.ledger(chosen)
        typer.echo(table.to_string(index=False))
        open_minutes = table.loc[table["done"] == "no", "minutes"].sum()
        typer.echo(f"{open_minutes:.0f} minutes of one CPU thread are still to do.")
        return
    runs.queue(chosen, workers)


@app.command("ship", rich_help_panel=TRAINING)
def ship_command(names: Annotated[list[str], typer.Argument(help="Finished runs.")]) -> None:
    """Put finished runs' weights (fp16) with settings and learning curve into data/checkpoints."""
    from lrfr import runs

    for name in names:
        typer.echo(f"{runs.ship(name).name}: shipped.")


@app.command("keep", rich_help_panel=TRAINING)
def keep_command(
    names: Annotated[list[str], typer.Argument(help="Finished or diverged runs, or how several names begin.")],
) -> None:
    """Put the settings and learning curve of ablations into data/runs, without their weights."""
    from lrfr import plans, runs

    planned = [run.name for run in [*plans.planned(), *plans.pilots()]]
    for name in names:
        begun = [n for n in planned if n.startswith(name)] if name not in planned else [name]
        for one in begun or [name]:
            typer.echo(f"{runs.keep_log(one).stem}: kept.")


@app.command("record", rich_help_panel=RESULTS)
def record_command(
    paper: Annotated[str, typer.Argument(help="frloss, ipfsrgan, ftlgan, multiscale or logexp.")],
    sets: Annotated[
        list[str], typer.Argument(help="att, caltech, celeba-held-out, view2 or devtest; some papers have more.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: compute anew, and fail where a recorded value differs.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure even what is recorded.")] = False,
) -> None:
    """Measure every shipped method of a paper on the named sets; only what is missing is computed."""
    from lrfr import record
    from lrfr.errors import LrfrError
    from lrfr.record import frloss, ftlgan, ipfsrgan, logexp, multiscale

    papers = {"frloss": frloss, "ipfsrgan": ipfsrgan, "ftlgan": ftlgan, "multiscale": multiscale, "logexp": logexp}
    if paper not in papers:
        raise LrfrError(f"Expected one of the papers {', '.join(papers)}, found '{paper}'.")
    if check and fresh:
        raise LrfrError("--check writes nothing and --fresh writes anew: give one of them.")
    if fresh and paper != "frloss":
        raise LrfrError(f"--fresh is known to frloss only: take the rows out of data/results/{paper}.csv instead.")
    if check and paper != "frloss" and (others := [s for s in sets if s not in record.PACKAGED]):
        raise LrfrError(f"{paper} is checked on {' and '.join(record.PACKAGED)}, not on {', '.join(others)}.")
    chosen: Any = papers[paper]
    if check:
        for name in sets:
            if paper == "frloss":
                same = frloss.check([name])
            else:
                judges = logexp.names() if paper == "logexp" else record.JUDGES
                same = record.compare(record.covered(record.load(paper), [name], judges), chosen.recompute([name]))
            worst = same["difference"].max()
            typer.echo(f"{name}: {len(same)} rows computed anew, the largest difference is {worst:.2g}.")
        return
    record.refuse_unknown(paper, sets, chosen.SETS)
    record.refuse_foreign(sets)
    table = frloss.record(sets, fresh=fresh) if paper == "frloss" else chosen.record(sets)
    typer.echo(f"data/results/{paper}.csv holds {len(table)} rows.")


@app.command("benchmark", rich_help_panel=RESULTS)
def benchmark_command(
    sets: Annotated[list[str] | None, typer.Argument(help="att, caltech, view2, devtest; default: all four.")] = None,
    px: Sizes = None,
    degradation: Annotated[
        list[str] | None,
        typer.Option(help="bicubic, blur, noise, JPEG, camera; default: these five. Also: 'jitter 2 px'."),
    ] = None,
    upsampler: Labels = None,
) -> None:
    """Measure every upsampler with every recogniser under one protocol; only what is missing or changed is computed."""
    from lrfr import catalogue
    from lrfr.record import benchmark

    table = benchmark.record(
        benchmark.chosen(sets, benchmark.SETS, "set"),
        benchmark.chosen(px, catalogue.SIZES, "size"),
        benchmark.chosen(
            degradation, (*benchmark.DEGRADATIONS, *benchmark.JITTERS), "degradation", tuple(benchmark.DEGRADATIONS)
        ),
        upsampler,
    )
    typer.echo(f"data/results/benchmark.csv holds {len(table)} rows.")


@app.command("protocol", rich_help_panel=RESULTS)
def protocol_command(
    workers: Annotated[int, typer.Option(min=1, help="Trainings side by side, each a single-thread process.")] = 2,
) -> None:
    """Measure what the chapter One protocol is about: benchmark, combine, detect, transfer with its trainings."""
    from lrfr.record import protocol

    for name, table in protocol.record(workers):
        typer.echo(f"data/results/{name}.csv holds {len(table)} rows.")


@app.command("transfer", rich_help_panel=RESULTS)
def transfer_command(
    losses: Annotated[list[str] | None, typer.Argument(help="FR, triplet, cosine; default: all three.")] = None,
) -> None:
    """Measure every identity loss through every recogniser, seen by every recogniser, on LFW View 1."""
    from lrfr import plans
    from lrfr.record import benchmark, transfer

    table = transfer.record(benchmark.chosen(losses, tuple(plans.TRANSFER), "loss"))
    typer.echo(f"data/results/transfer.csv holds {len(table)} rows.")


@app.command("combine", rich_help_panel=RESULTS)
def combine_command(
    sets: Annotated[
        list[str] | None, typer.Argument(help="att, caltech, devtest, view2, in this order; default: all four.")
    ] = None,
    px: Sizes = None,
) -> None:
    """Average embeddings of several upsamplers and scores of two recognisers; View 1 chooses, View 2 confirms.

    What View 1 puts first is measured again on those pairs of View 2 that show nobody of View 1. The U-Net of
    multiscale by ftlgan's loss is compared with that by its own.
    """
    from lrfr import catalogue
    from lrfr.record import apart, benchmark, combinations, twins

    if lacking := combinations.lacking():
        typer.echo(lacking)
    names, sizes = benchmark.chosen(sets, combinations.SETS, "set"), benchmark.chosen(px, catalogue.SIZES, "size")
    table = combinations.record(names, sizes)
    if combinations.CONFIRMATION in names:
        apart.record(sizes)
        table = twins.record(sizes=sizes)
    typer.echo(f"data/results/combinations.csv holds {len(table)} rows.")


@app.command("detect", rich_help_panel=RESULTS)
def detect_command(
    sets: Annotated[list[str] | None, typer.Argument(help="att, caltech; default: both.")] = None,
    px: Sizes = None,
) -> None:
    """Look for the faces on small photographs, and measure what it costs to cut them by what is found."""
    from lrfr import catalogue
    from lrfr.record import benchmark, detection

    table = detection.record(
        benchmark.chosen(sets, detection.SETS, "set"),
        benchmark.chosen(px, catalogue.SIZES, "size", detection.SIZES),
    )
    typer.echo(f"data/results/detection.csv holds {len(table)} rows.")


@app.command("evaluate", rich_help_panel=READERS)
def evaluate_command(
    name: Annotated[str, typer.Argument(metavar="SET", help="scface, tinyface, xqlfw or ar, below LRFR_DATA.")],
    upsampler: Annotated[
        str, typer.Option(help="none, bicubic or another kernel, real-esrgan, or shipped weights (frloss-8x-s0-fr).")
    ] = "none",
    weights: Annotated[Path | None, typer.Option(help="A trained generator's weights.safetensors instead.")] = None,
    px: Annotated[str, typer.Option(help="Reduce the cut faces to this size first: 28, or 11x8.")] = "",
    recognizer: Annotated[str, typer.Option(help="dlib, sface, mobilefacenet, facenet and so on.")] = "mobilefacenet",
    recognizer_weights: Annotated[Path | None, typer.Option(help="Its weights, where not the usual ones.")] = None,
    concatenate: Annotated[
        bool, typer.Option("--concatenate", help="Join the bicubic face's embedding (multiscale).")
    ] = False,
    flip: Annotated[bool, typer.Option("--flip", help="Join the mirrored face's embedding (logexp's code).")] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Of the 50 people of SCface that are fine-tuned on.")
    ] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Run a surveillance set's protocols on your own copy; the rows go to data/results/surveillance.csv."""
    from lrfr import chapter, embeddings, recognizers, runs
    from lrfr.record import surveillance
    from lrfr.record.setup import Setup, title
    from lrfr.record.setup import upsampler as named

    place = chapter.resolve("demo", seed, device, None).device
    entry = named(upsampler, weights, px, place)
    judge = recognizers.load(recognizer, place, recognizer_weights)  # type: ignore[arg-type]
    label = f"{recognizer} ({title(recognizer_weights)})" if recognizer_weights else recognizer
    digest = embeddings.file_digest(recognizer_weights) if recognizer_weights else ""
    tuned = runs.tuned_on(recognizer_weights, "scface") if recognizer_weights else None
    setup = Setup(entry, judge, label, digest, concatenate, flip, tuned)
    rows = surveillance.evaluate(name, setup, seed)
    typer.echo(f"{name}, {setup.method.name}, {setup.judge}:")
    typer.echo(
        rows[["protocol", "metric", "value", "low", "high", "n"]].to_string(index=False, na_rep="", float_format="%.4f")
    )


@app.command("upscale", rich_help_panel=READERS)
def upscale_command(
    photograph: Annotated[Path, typer.Argument(help="Any picture; the face nearest its centre is taken.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the results; default: one beside the photograph.")] = None,
    px: Annotated[
        int | None, typer.Option(help="Cut the face at 7, 14, 28 or 56 px; default: what is nearest to its size.")
    ] = None,
    method: Labels = None,
) -> None:
    """Restore the face of your own photograph by every network of the study, a picture each and all on one sheet."""
    from lrfr import upscale

    folder = out or photograph.with_name(f"{photograph.stem}-upscaled")
    face = upscale.upscale(photograph, folder, px, method)
    typer.echo(f"The face is about {face.found:.0f} px high and was cut at {face.px}: {folder / 'overview.png'}.")
    typer.echo("What a network adds is a guess from other faces: it shows how it might look, not who it is.")


@app.command("overlap", rich_help_panel=RESULTS)
def overlap_command() -> None:
    """Look for people of the training set among LFW's by embedding, score View 2 without them, record both."""
    from lrfr.record import faces

    for table in faces.record_overlap():
        typer.echo(table.to_string(index=False))


@app.command("alignment", rich_help_panel=RESULTS)
def alignment_command() -> None:
    """Compare the fixed cut of deep-funneled LFW with MTCNN's on View 1 and write data/results/alignment.csv."""
    from lrfr.record import faces

    typer.echo(faces.record_alignment().to_string(index=False))


@app.command("readme", rich_help_panel=RESULTS)
def readme_command() -> None:
    """Write the results table of README.md anew from data/results."""
    from lrfr import readme

    readme.update()


@app.command("pilots", rich_help_panel=TRAINING)
def pilots_command() -> None:
    """Measure every finished pilot on LFW View 1 and write data/results/frloss_pilots.csv."""
    from lrfr.record import frloss

    typer.echo(frloss.record_pilots().to_string(index=False))

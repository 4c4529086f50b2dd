"""Encoders beside sentence-transformers on the same work in the same run.

    python -m benchmarks.encode --model minilm --model bge-m3 --out encode.json

Every round runs each engine once on each workload, in turn, so that a noisy machine slows all
alike; ratios are medians of the rounds' own ratios.  BGE-M3 and JinaCLIP v2 are full-size with
random weights: speed does not depend on their values.  Peak memory is each engine's alone, in its
own process, and that of both full-size models in one.

infinity takes part where it can be imported.  It wants older packages than this project; its engine
alone runs with ours: pip install --no-deps --target DIR infinity-emb, then PYTHONPATH=DIR.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import click
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from animevec import quiet
from animevec.encoders.files import packaged
from benchmarks import full_size

PEER = "sentence-transformers"
SERVER = "infinity"  # another server's engine, measured where it is there
ENGINES = (PEER, SERVER, "float32", "bfloat16", "w8a8", "int8")
# Of JinaCLIP v2: no peer runs it without its publisher's code, and int8 is for texts.
OWN = ("float32", "bfloat16")
TEXT_MODELS = ("minilm", "bge-m3")
JINA = "jina-clip-v2"
TOGETHER = "bge-m3 + jina-clip-v2"
Encode = Callable[[Sequence["str | bytes"]], Any]


@dataclass(frozen=True)
class Work:
    """Texts or pictures encoded in one call; ``tokens`` are theirs, special tokens included."""

    name: str
    items: tuple[str | bytes, ...]
    tokens: int


@dataclass(frozen=True)
class Result:
    """One engine on one workload; ``ratio`` is the peer's time over its own, round by round."""

    model: str
    engine: str
    work: str
    items_per_s: float
    tokens_per_s: float
    p50_ms: float
    p95_ms: float
    ratio: float | None


def works(model: str, quick: bool) -> list[Work]:
    """A query and batches, the last of mixed lengths; of JinaCLIP v2 a query and pictures."""
    if model == JINA:
        several = [Work(f"{n} pictures", tuple(map(_picture, range(n))), n * 1297) for n in (1, 4)]
        return [Work("1 x 16", (_text(16),), 16), *several]
    longest = 256 if quick else 512
    draw = random.Random(0)
    size = 16 if model == "bge-m3" or quick else 64
    mixed = [draw.randint(8, longest if model == "minilm" else 128) for _ in range(size)]
    equal = [(1, 16), (1, 32), (size, 32), (size // 4, longest)]
    lengths = {f"{count} x {length}": [length] * count for count, length in equal}
    lengths[f"{size} x {min(mixed)}-{max(mixed)}"] = mixed
    return [Work(name, tuple(map(_text, each)), sum(each)) for name, each in lengths.items()]


def _text(tokens: int) -> str:
    """A text of exactly so many tokens in both vocabularies; two are special."""
    return " ".join(["a"] * (tokens - 2))


def _picture(seed: int) -> bytes:
    """A JPEG of 640 x 512 noise, read as 36 x 36 patches and the class token."""
    noise = np.random.default_rng(seed).integers(0, 256, (512, 640, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "JPEG")
    return file.getvalue()


def folder_of(model: str, scratch: Path) -> Path:
    """The model's files; the full-size ones are written once, with random weights."""
    if model == "minilm":
        return packaged()
    return full_size.jina_clip_v2(scratch) if model == JINA else full_size.bge_m3(scratch)


def load(engine: str, model: str, scratch: Path, threads: int) -> Encode:
    """A function from texts, or pictures, to normalised dense vectors."""
    folder = folder_of(model, scratch)
    if engine == PEER:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(threads)
        peer = SentenceTransformer(str(folder), device="cpu")
        peer.max_seq_length = 512 if model == "minilm" else 8192
        return lambda texts: peer.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
    if engine == SERVER:
        return infinity(folder, threads)
    return own_engine(engine, model, folder, scratch, threads)


def infinity(folder: Path, threads: int) -> Encode:
    """The engine of infinity, float32, its event loop in a thread of its own."""
    import torch
    from infinity_emb import AsyncEmbeddingEngine, EngineArgs

    torch.set_num_threads(threads)
    args = EngineArgs(
        model_name_or_path=str(folder),
        engine="torch",
        device="cpu",
        dtype="float32",
        bettertransformer=False,
        compile=False,
        model_warmup=False,
    )
    engine, loop = AsyncEmbeddingEngine.from_args(args), asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(engine.astart(), loop).result()
    return lambda texts: asyncio.run_coroutine_threadsafe(
        engine.embed(sentences=list(texts)), loop
    ).result()


def own_engine(engine: str, model: str, folder: Path, scratch: Path, threads: int) -> Encode:
    from animevec.encoders.base import Encoder, PictureItem, TextItem
    from animevec.encoders.cards import find_card
    from animevec.encoders.runtime import Runtime

    card = find_card(model)
    # Random weights have no published hash.
    card = card if model == "minilm" else card.model_copy(update={"files": ()})
    runtime = Runtime(dtype=engine, threads=threads)  # type: ignore[arg-type]
    encoder: Encoder
    if engine == "int8":
        from animevec.encoders.quantized import FOLDER, QuantizedEncoder

        target = scratch / model / FOLDER
        if not target.exists():
            from animevec.encoders.export import export_int8

            print(export_int8(folder, target, card), flush=True)
        encoder = QuantizedEncoder.load(target, card, runtime)
    elif model == "bge-m3":
        from animevec.encoders.bge_m3 import BgeM3

        encoder = BgeM3.load(folder, card, runtime)
    elif model == JINA:
        from animevec.encoders.jina_encoder import JinaClipEncoder

        encoder = JinaClipEncoder.load(folder, card, runtime)
    else:
        from animevec.encoders.sentence import SentenceEncoder

        encoder = SentenceEncoder.load(folder, card, runtime)
    return lambda items: encoder.encode(
        [TextItem(one) if isinstance(one, str) else PictureItem(one) for one in items]
    )


def measure(
    model: str, engines: dict[str, Encode], jobs: Sequence[Work], rounds: int
) -> list[Result]:
    """Every engine on every workload, interleaved; single texts run ten times a round."""
    results = []
    for job in jobs:
        times: dict[str, list[list[float]]] = {engine: [] for engine in engines}
        for engine in engines.values():
            engine(job.items)
        for _ in range(rounds):
            for name, engine in engines.items():
                repeat = 10 if len(job.items) == 1 else 1
                times[name].append([_timed(partial(engine, job.items)) for _ in range(repeat)])
        results += [_result(model, name, job, times) for name in engines]
    return results


def _timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def _result(model: str, engine: str, job: Work, times: dict[str, list[list[float]]]) -> Result:
    own = sorted(second for each in times[engine] for second in each)
    ratios = [
        median(peer) / median(mine)
        for peer, mine in zip(times.get(PEER, []), times[engine], strict=False)
    ]
    p50, p95 = median(own), own[min(len(own) - 1, int(0.95 * len(own)))]
    return Result(
        model=model,
        engine=engine,
        work=job.name,
        items_per_s=len(job.items) / p50,
        tokens_per_s=job.tokens / p50,
        p50_ms=1e3 * p50,
        p95_ms=1e3 * p95,
        ratio=median(ratios) if ratios else None,
    )


def peak_mb(engine: str, models: Sequence[str], scratch: Path, threads: int) -> float:
    """Peak resident memory of loading models and encoding each one's first and last work, alone."""
    command = [sys.executable, "-m", "benchmarks.encode", "--peak-of", engine]
    command += [part for model in models for part in ("--model", model)]
    command += ["--scratch", str(scratch), "--threads", str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def _print_peak(engine: str, models: Sequence[str], scratch: Path, threads: int) -> None:
    for encode, jobs in [(load(engine, one, scratch, threads), works(one, True)) for one in models]:
        encode(jobs[0].items)
        encode(jobs[-1].items)
    # Not getrusage's: that one a process inherits from its parent.
    status = Path("/proc/self/status").read_text()
    (peak,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    print(int(peak.split()[1]) / 1024)


def show(results: Sequence[Result], peaks: dict[str, float]) -> None:
    """A table for people."""
    table = Table(box=None)
    for title in ("model", "work", "engine", "items/s", "tokens/s", "p50 ms", "p95 ms"):
        table.add_column(title, no_wrap=True, justify="right" if title[-1] == "s" else "left")
    table.add_column(f"x {PEER}", justify="right")
    table.add_column("peak MB", justify="right")
    for one in results:
        table.add_row(
            one.model,
            one.work,
            one.engine,
            f"{one.items_per_s:.1f}",
            f"{one.tokens_per_s:.0f}",
            f"{one.p50_ms:.1f}",
            f"{one.p95_ms:.1f}",
            "" if one.ratio is None else f"{one.ratio:.2f}",
            f"{peaks[f'{one.model} {one.engine}']:.0f}" if peaks else "",
        )
    Console(width=140).print(table)
    for name, megabytes in peaks.items():
        if name.startswith(TOGETHER):
            print(f"{name} in one process: {megabytes:.0f} MB")


def there() -> list[str]:
    """The engines that can be measured here."""
    return [one for one in ENGINES if one != SERVER or find_spec("infinity_emb")]


@click.command()
@click.option("--model", "models", multiple=True, type=click.Choice([*TEXT_MODELS, JINA]))
@click.option("--engine", "engines", multiple=True, type=click.Choice(ENGINES))
@click.option("--quick", is_flag=True, help="fewer rounds, shorter texts, no memory")
@click.option("--threads", default=2, show_default=True)
@click.option("--rounds", type=int, help="default 7, with --quick 3")
@click.option("--scratch", type=click.Path(path_type=Path), default=Path("var/benchmarks"))
@click.option("--out", type=click.Path(path_type=Path), help="write JSON here")
@click.option("--peak-of", hidden=True, help="print one engine's peak memory")
def main(
    models: tuple[str, ...],
    engines: tuple[str, ...],
    quick: bool,
    threads: int,
    rounds: int | None,
    scratch: Path,
    out: Path | None,
    peak_of: str | None,
) -> None:
    """Texts and pictures per second, p50, p95 and peak memory of the encoders."""
    if peak_of is not None:
        _print_peak(peak_of, models, scratch, threads)
        return
    results: list[Result] = []
    peaks: dict[str, float] = {}
    models = models or (*TEXT_MODELS, JINA)
    for model in models:
        chosen = [one for one in engines or there() if model != JINA or one in OWN]
        loaded = {name: load(name, model, scratch, threads) for name in chosen}
        results += measure(model, loaded, works(model, quick), rounds or (3 if quick else 7))
        if not quick:
            peaks |= {
                f"{model} {name}": peak_mb(name, [model], scratch, threads) for name in chosen
            }
        del loaded
    if not quick and {"bge-m3", JINA} <= {*models}:
        for name in OWN:
            both = peak_mb(name, ["bge-m3", JINA], scratch, threads)
            peaks[f"{TOGETHER} {name}"] = both
    show(results, peaks)
    load_average = os.getloadavg()[0]
    print(f"{threads} threads, load average {load_average:.1f} (idle machine: under {threads + 1})")
    if out is not None:
        report = {"results": [asdict(one) for one in results], "peak_mb": peaks}
        out.write_text(json.dumps(report | {"load": load_average, "threads": threads}, indent=2))


if __name__ == "__main__":
    quiet.apply()
    main()

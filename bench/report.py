"""From the benchmark's samples to its tables and the drawing. Nothing here measures.

A sample is a dictionary: model, input, system, precision, threads, measure, repeat, and what the measure gives. What was
not measured is a dash.
"""

import math
from pathlib import Path
from statistics import median
from typing import Any

Sample = dict[str, Any]


class NothingMeasured(Exception):
    """There are no samples of the requested kind."""


PEER = "CTranslate2"  # speeds are also given as multiples of its own in the same precision


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(percent / 100 * len(ordered)) - 1, 0)]


def number(value: float) -> str:
    """Three digits that matter."""
    if value == 0:
        return "0"
    return f"{value:,.{max(2 - math.floor(math.log10(abs(value))), 0)}f}"


def spread(values: list[float]) -> str:
    """The median, and the smallest and the largest where they differ."""
    if not values:
        return "–"
    middle, low, high = number(median(values)), number(min(values)), number(max(values))
    return middle if low == high else f"{middle} ({low}–{high})"


def ratio(values: list[float], others: list[float]) -> str:
    """The median of the quotients, pair by pair: the two were measured one after the other."""
    quotients = [a / b for a, b in zip(values, others)]
    return f"{median(quotients):.2f}" if quotients else "–"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def select(samples: list[Sample], **wanted: object) -> list[Sample]:
    return [sample for sample in samples if all(sample.get(key) == value for key, value in wanted.items())]


def distinct(samples: list[Sample], *keys: str) -> list[tuple]:
    """The values of `keys` that occur, in their order."""
    return list(dict.fromkeys(tuple(sample[key] for key in keys) for sample in samples))


def with_share(value: float, limits: list[Sample]) -> str:
    """A rate, and its share of the largest that the machine itself reached."""
    largest = max((sample["value"] for sample in limits), default=None)
    return number(value) + (f" ({100 * value / largest:.0f} %)" if largest else "")


def by_threads(samples: list[Sample]) -> list[tuple]:
    """(threads, system, precision) of the samples, fewer threads first."""
    return distinct(sorted(samples, key=lambda sample: sample["threads"]), "threads", "system", "precision")


def p50s(latency: list[Sample]) -> list[float]:
    return [1e3 * percentile(sample["seconds"], 50) for sample in latency]


def sentence_rates(file: list[Sample]) -> list[float]:
    return [sample["sentences"] / sample["seconds"] for sample in file]


def latency_table(samples: list[Sample], limits: list[Sample]) -> str:
    """One row for each system and number of threads of one model and input."""
    rows = []
    for threads, system, precision in by_threads(samples):
        here = {"threads": threads, "precision": precision}
        latency = select(samples, system=system, **here)
        read = median(sample["bytes"] / sum(sample["seconds"]) for sample in latency) / 1e9
        rows.append([
            system, precision, str(threads), spread(p50s(latency)),
            spread([1e3 * percentile(sample["seconds"], 95) for sample in latency]),
            ratio(p50s(select(samples, system=PEER, **here)), p50s(latency)),
            with_share(read, select(limits, measure="limit of reading", **here)), f"{latency[0]['same']:.1f}"])
    return table(["system", "weights", "threads", "p50 ms", "p95 ms", "× CT2", "GB/s of weights", "same text %"], rows)


def file_table(samples: list[Sample], limits: list[Sample]) -> str:
    rows, scores = [], [name for name in ("BLEU", "chrF") if name in samples[0]]
    for threads, system, precision in by_threads(samples):
        here = {"threads": threads, "precision": precision}
        file = select(samples, system=system, **here)
        multiplied = median(sample["multiply_adds"] / sample["seconds"] for sample in file) / 1e9
        rows.append([
            system, precision, str(threads), spread(sentence_rates(file)),
            spread([sample["tokens"] / sample["seconds"] for sample in file]),
            ratio(sentence_rates(file), sentence_rates(select(samples, system=PEER, **here))),
            with_share(multiplied, select(limits, measure="limit of multiplying", **here)), file[0]["batching"],
            f"{file[0]['same']:.1f}", *(f"{file[0][name]:.1f}" for name in scores)])
    return table(["system", "weights", "threads", "sentences/s", "tokens/s", "× CT2", "GMAC/s", "batch", "same text %",
                  *scores], rows)


def footprint_table(samples: list[Sample]) -> str:
    """Start, memory and disk of one model."""
    def values(measure: str, system: str, precision: str, factor: float) -> list[float]:
        return [factor * s["value"] for s in select(samples, measure=measure, system=system, precision=precision)]
    columns = [("cold start s", "start cold", 1), ("warm start s", "start warm", 1),
               ("MB, one sentence", "memory of a sentence", 1e-6), ("MB, file", "memory of a file", 1e-6),
               ("MB on disk: program", "disk of the program", 1e-6), ("model", "disk of the model", 1e-6)]
    rows = [[system, precision, *(spread(values(measure, system, precision, factor)) for _, measure, factor in columns),
             ratio(values("start warm", PEER, precision, 1), values("start warm", system, precision, 1)),
             ratio(values("memory of a sentence", system, precision, 1), values("memory of a sentence", PEER, precision, 1))]
            for system, precision in distinct(samples, "system", "precision")]
    return table(["system", "weights", *(title for title, _, _ in columns), "start × CT2", "memory ÷ CT2"], rows)


def sweep_table(samples: list[Sample]) -> str:
    """Sentences per second, a row for each system and a column for each batch size."""
    batches = sorted(batch for batch, in distinct(samples, "batch"))
    rows = [[system, precision, *(spread(sentence_rates(select(samples, system=system, precision=precision, batch=batch)))
                                  for batch in batches)] for system, precision in distinct(samples, "system", "precision")]
    return table(["system", "weights", *map(str, batches)], rows)


def short_table(samples: list[Sample]) -> str:
    """The table of docs/results.md, for one model and its first input: one sentence with one thread and a file with all;
    start; memory."""
    first = select(samples, input=samples[0]["input"])
    most = max(sample["threads"] for sample in samples)
    rows = []
    for system, precision in distinct([sample for sample in samples if sample["system"] != "machine"], "system", "precision"):
        mine = select(first, system=system, precision=precision)
        rows.append([system, precision, *map(middle, (
            p50s(select(mine, measure="latency", threads=1)),
            sentence_rates(select(mine, measure="file", threads=most)),
            [sample["value"] for sample in select(mine, measure="start warm")],
            [1e-6 * sample["value"] for sample in select(mine, measure="memory of a sentence")]))])
    return table(["system", "weights", "one sentence, 1 thread: ms", f"file, {counted(most)}: sentences/s", "start s",
                  "memory MB"], rows)


def counted(threads: int) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''}"


def middle(values: list[float]) -> str:
    return number(median(values)) if values else "–"


def limits(samples: list[Sample]) -> list[str]:
    """A sentence for each limit of the machine."""
    found = [sample for sample in samples if sample["measure"].startswith("limit")]
    sentences = []
    found.sort(key=lambda sample: (sample["measure"], sample["used"]))
    for measure, used, threads in distinct(found, "measure", "used", "threads"):
        largest = max(s["value"] for s in select(found, measure=measure, used=used, threads=threads))
        unit = "GB/s" if measure == "limit of reading" else "GMAC/s"
        sentences.append(f"At most {largest:,.0f} {unit} by {used}, threads: {threads}")
    return sentences


def report(samples: list[Sample], description: list[str], loads: list[float]) -> str:
    """All tables of the samples, in Markdown."""
    if not samples:
        raise NothingMeasured("found no samples, expected some; run bench/run first")
    parts = [f"## In short: {model}\n\n{short_table(select(samples, model=model))}" for model, in distinct(samples, "model")]
    found_limits = [sample for sample in samples if sample["measure"].startswith("limit")]
    for title, measure, make in (("one sentence at a time", "latency", latency_table), ("a file", "file", file_table)):
        for model, text, n in distinct(select(samples, measure=measure), "model", "input", "sentences"):
            mine = select(samples, measure=measure, model=model, input=text, sentences=n)
            parts.append(f"## {title}: {model}, {text}, {n} sentences\n\n{make(mine, select(found_limits, model=model))}")
    footprints = [s for s in samples if s["measure"].startswith(("start", "memory", "disk"))]
    for model, text in distinct(footprints, "model", "input"):
        mine = select(footprints, model=model, input=text)
        parts.append(f"## Start, memory, disk: {model}, {text}\n\n{footprint_table(mine)}")
    for model, text, threads in distinct(select(samples, measure="sweep"), "model", "input", "threads"):
        mine = select(samples, measure="sweep", model=model, input=text, threads=threads)
        parts.append(f"## Sentences per second over the batch size, {counted(threads)}: {model}, {text}\n\n{sweep_table(mine)}")
    cold = [f"Before a cold start: {dropped}" for dropped in
            dict.fromkeys(sample["dropped"] for sample in select(samples, measure="start cold"))]
    load = f"Load before the runs: {', '.join(f'{load:.2f}' for load in loads)}"
    return "\n".join(parts + ["".join(f"- {line}\n" for line in [*description, *cold, load])])


LINES = {"transformer.c": ("#0b84c4", "o"), "CTranslate2": ("#d9722b", "s"), "transformers": ("#7a9a3a", "^")}
INK = "#123456"  # stands for the colour of text and axes, which depends on light and dark
STYLE = "<style>svg{--ink:#333}@media(prefers-color-scheme:dark){svg{--ink:#ddd}}</style>"


def draw(samples: list[Sample], path: Path) -> None:
    """An SVG: sentences per second over the batch size, a panel for each model, a line for each system and precision."""
    sweep = select(samples, measure="sweep")
    if not sweep:
        raise NothingMeasured("found no samples of the sweep, expected some; run bench/run --only sweep first")
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.family": "sans-serif", "text.color": INK,
                         "axes.edgecolor": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "xtick.color": INK,
                         "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False})
    models = [model for model, in distinct(sweep, "model")]
    figure, panels = plt.subplots(1, len(models), figsize=(5 * len(models), 4.4), layout="constrained", squeeze=False)
    for panel, model in zip(panels[0], models):
        here = select(sweep, model=model)
        batches = sorted(batch for batch, in distinct(here, "batch"))
        for system, precision in distinct(here, "system", "precision"):
            rates = {batch: sentence_rates(select(here, system=system, precision=precision, batch=batch)) for batch in batches}
            colour, marker = LINES[system]
            panel.plot(batches, [median(rates[batch]) for batch in batches], color=colour, marker=marker, markersize=5,
                       linestyle="--" if precision == "float32" else "-", label=f"{system} {precision}")
        panel.set_title(f"{model}, {counted(here[0]['threads'])}", fontsize=10)
        panel.set_xscale("log", base=2)
        panel.set_xticks(batches, map(str, batches))
        panel.set_ylim(bottom=0)
        panel.set_xlabel("sentences given at once")
        panel.grid(axis="y", color="#808080", alpha=0.3)
    panels[0][0].set_ylabel("sentences per second")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3 if len(models) > 1 else 2,
                  frameon=False, fontsize=9)
    figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Title": "Throughput over batch size"})
    plt.close(figure)
    svg = path.read_text(encoding="utf-8").replace(INK, "var(--ink, #333)")
    path.write_text(svg.replace("<defs>", f"{STYLE}<defs>", 1), encoding="utf-8")

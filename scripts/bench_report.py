"""From bench.py's samples to its tables and the drawing. Nothing here measures.

A sample is a dictionary: model, input, system, precision, threads, measure, repeat, and what the measure gives.
"""

import math
from statistics import median

PEER = "CTranslate2"  # speeds are also given as multiples of its own in the same precision


def percentile(values, percent):
    """The smallest value that at least `percent` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(percent / 100 * len(ordered)) - 1, 0)]


def number(value):
    """Three digits that matter."""
    if value == 0:
        return "0"
    return f"{value:,.{max(2 - math.floor(math.log10(abs(value))), 0)}f}"


def spread(values):
    """The median, and the smallest and the largest where they differ."""
    middle, low, high = number(median(values)), number(min(values)), number(max(values))
    return middle if low == high else f"{middle} ({low}–{high})"


def ratio(values, others):
    """The median of the quotients, pair by pair: the two were measured one after the other."""
    return f"{median(a / b for a, b in zip(values, others)):.2f}"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def select(samples, **wanted):
    return [sample for sample in samples if all(sample.get(key) == value for key, value in wanted.items())]


def distinct(samples, *keys):
    """The values of `keys` that occur, in their order."""
    return list(dict.fromkeys(tuple(sample[key] for key in keys) for sample in samples))


def percent(part, whole):
    return f"{100 * part / whole:.0f} %"


def speed_rows(samples, limits):
    """One row for each system and number of threads of one model and input."""
    rows = []
    for threads, system, precision in distinct(sorted(select(samples, measure="latency"), key=lambda s: s["threads"]),
                                               "threads", "system", "precision"):
        here = {"threads": threads, "precision": precision}
        latency = select(samples, measure="latency", system=system, **here)
        file = select(samples, measure="file", system=system, **here)
        peer_latency = select(samples, measure="latency", system=PEER, **here)
        peer_file = select(samples, measure="file", system=PEER, **here)
        p50 = [1e3 * percentile(sample["seconds"], 50) for sample in latency]
        p95 = [1e3 * percentile(sample["seconds"], 95) for sample in latency]
        read = median(sample["bytes"] / sum(sample["seconds"]) for sample in latency) / 1e9
        tokens = [sample["tokens"] / sample["seconds"] for sample in file]
        multiplied = median(sample["multiply_adds"] / sample["seconds"] for sample in file) / 1e9
        bandwidth, peak = limits["read", precision, threads], limits["multiply", threads]
        quality = file[0]
        rows.append([
            system, precision, str(threads), spread(p50), spread(p95),
            ratio([1e3 * percentile(sample["seconds"], 50) for sample in peer_latency], p50),
            f"{number(read)} ({percent(read, bandwidth)})",
            spread(tokens), spread([sample["sentences"] / sample["seconds"] for sample in file]),
            ratio(tokens, [sample["tokens"] / sample["seconds"] for sample in peer_file]),
            f"{number(multiplied)} ({percent(multiplied, peak)})", quality["batching"],
            f"{latency[0]['same']:.1f}, {quality['same']:.1f}",
            *([f"{quality['BLEU']:.1f}", f"{quality['chrF']:.1f}"] if "BLEU" in quality else [])])
    return rows


SPEED_HEADER = ["system", "weights", "threads", "p50 ms", "p95 ms", "× CT2", "GB/s of weights", "tokens/s", "sentences/s",
                "× CT2", "GMAC/s", "batch", "same text %"]


def speed_table(samples, limits):
    scored = any("BLEU" in sample for sample in samples)
    return table(SPEED_HEADER + (["BLEU", "chrF"] if scored else []), speed_rows(samples, limits))


def footprint_table(samples):
    """Start, memory and disk of one model."""
    def cell(measure, system, precision, factor):
        return spread([factor * s["value"] for s in select(samples, measure=measure, system=system, precision=precision)])
    columns = [("cold start s", "start cold", 1), ("warm start s", "start warm", 1),
               ("MB, one sentence", "memory of a sentence", 1e-6), ("MB, file", "memory of a file", 1e-6),
               ("MB on disk: program", "disk of the program", 1e-6), ("model", "disk of the model", 1e-6)]
    rows = [[system, precision, *(cell(measure, system, precision, factor) for _, measure, factor in columns)]
            for system, precision in distinct(select(samples, measure="start warm"), "system", "precision")]
    return table(["system", "weights", *(title for title, _, _ in columns)], rows)


COLOURS = {"transformer.c": "#0b84c4", "CTranslate2": "#d9722b", "transformers": "#7a9a3a"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 70, 190, 50, 50


def nice_step(largest):
    """A step of 1, 2 or 5 times a power of ten that divides the axis into four to ten."""
    power = 10 ** math.floor(math.log10(largest))
    return next(step for step in (power / 5, power / 2, power, 2 * power) if largest / step <= 6)


def drawing(samples):
    """An SVG: sentences per second over the batch size, a line for each system and precision."""
    sweep = select(samples, measure="sweep")
    curves = {}
    for system, precision, batch in distinct(sweep, "system", "precision", "batch"):
        values = [sample["sentences"] / sample["seconds"]
                  for sample in select(sweep, system=system, precision=precision, batch=batch)]
        curves.setdefault((system, precision), []).append((batch, median(values)))
    largest = max(value for points in curves.values() for _, value in points)
    batches = sorted({batch for points in curves.values() for batch, _ in points})
    step = nice_step(largest)
    top = math.ceil(largest / step) * step

    def x(batch):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log2(batch) / max(math.log2(batches[-1]), 1)

    def y(value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    threads = sweep[0]["threads"]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
           "<title>Throughput over batch size</title>",
           "<style>text{font:13px sans-serif;fill:#333}.grid{stroke:#ccc}.end{text-anchor:end}.middle{text-anchor:middle}"
           "@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}}</style>",
           f'<text x="{LEFT}" y="26">sentences per second, {threads} thread{"s" if threads > 1 else ""}</text>']
    for tick in range(round(top / step) + 1):
        height = y(tick * step)
        out.append(f'<path class="grid" d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}"/>'
                   f'<text class="end" x="{LEFT - 8}" y="{height + 4:.1f}">{tick * step:g}</text>')
    for batch in batches:
        out.append(f'<text class="middle" x="{x(batch):.1f}" y="{HEIGHT - BOTTOM + 20}">{batch}</text>')
    out.append(f'<text class="middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}">sentences computed together</text>')
    label = -math.inf
    for (system, precision), points in sorted(curves.items(), key=lambda curve: -curve[1][-1][1]):
        colour, dashes = COLOURS[system], ' stroke-dasharray="6 4"' if precision == "float32" else ""
        path = "L".join(f"{x(batch):.1f} {y(value):.1f}" for batch, value in points)
        label = max(y(points[-1][1]), label + 16)  # labels keep apart
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        out += [f'<circle cx="{x(batch):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>' for batch, value in points]
        out.append(f'<text x="{WIDTH - RIGHT + 10}" y="{label + 4:.1f}"><tspan fill="{colour}">●</tspan> '
                   f'{system} {precision}</text>')
    return "\n".join(out + ["</svg>\n"])

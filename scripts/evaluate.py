#!/usr/bin/env python3
"""How well a checkpoint translates: BLEU and chrF of the C program's output.

    evaluate.py CHECKPOINT FILE.tsv… [--beam N] [--worst N]
    evaluate.py CHECKPOINT --accepted FILE.tsv [--beam N]

FILE holds lines `source TAB reference`. Printed for each: sacreBLEU's scores with their signatures, the
length of the output over the reference's, the share of lines that came out untranslated (the source again,
four words or more) or looping (one to three words that come four times in a row), and with --worst N the lines of
lowest chrF.

With --accepted the lines are `source TAB answer TAB answer …`: an output is right when it is one of the answers,
except for the kind of apostrophes and a full stop or exclamation mark at the end. The others are shown.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

from sacrebleu.metrics import BLEU, CHRF

from corpora import read_pairs
from transformer_c.program import TRANSLATE, as_json_lines


def translate_file(checkpoint: Path, lines: list[str], beam: int = 1) -> tuple[list[str], float]:
    """The translations of `lines`, through --input as JSON Lines, and the seconds it took. A beam of 1 is greedy search."""
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch) / "source", Path(scratch) / "target"
        source.write_text("".join(f"{line}\n" for line in as_json_lines(lines)), encoding="utf-8")
        started = time.perf_counter()
        if subprocess.run([TRANSLATE, "-m", checkpoint, "--format", "jsonl", "--beam", str(beam),
                           "-i", source, "-o", target]).returncode != 0:
            raise SystemExit(1)  # the program has printed why
        seconds = time.perf_counter() - started
        return [json.loads(line)["translation"] for line in target.read_text(encoding="utf-8").splitlines()], seconds


def is_untranslated(source: str, output: str) -> bool:
    return len(source.split()) >= 4 and source.strip() == output.strip()


def is_looping(output: str) -> bool:
    """One to three words that come four times in a row."""
    words = output.split()
    for n in (1, 2, 3):
        for i in range(len(words) - 4 * n + 1):
            if words[i:i + 3 * n] == words[i + n:i + 4 * n]:
                return True
    return False


def evaluate(checkpoint: Path, path: Path, beam: int, n_worst: int) -> None:
    pairs = read_pairs(path)
    if not pairs:
        raise SystemExit(f"{path}: found no line to translate")
    sources, references = [source for source, _ in pairs], [reference for _, reference in pairs]
    outputs, seconds = translate_file(checkpoint, sources, beam)
    print(f"{path}: {len(pairs)} lines in {seconds:.1f} s")
    for metric in (BLEU(), CHRF()):
        print(f"  {metric.corpus_score(outputs, [references])}  {metric.get_signature()}")
    print(f"  length ratio {sum(map(len, outputs)) / sum(map(len, references)):.3f}, untranslated "
          f"{100 * sum(map(is_untranslated, sources, outputs)) / len(pairs):.2f} %, looping "
          f"{100 * sum(map(is_looping, outputs)) / len(pairs):.2f} %", flush=True)
    chrf = CHRF()
    worst = sorted(range(len(pairs)), key=lambda i: chrf.sentence_score(outputs[i], [references[i]]).score)[:n_worst]
    for i in worst if n_worst else []:
        print(f"    {sources[i]}\n      -> {outputs[i]}\n      =  {references[i]}")


def essence(text: str) -> str:
    return text.replace("’", "'").rstrip(".!")


def check_accepted(checkpoint: Path, path: Path, beam: int) -> None:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    outputs, _ = translate_file(checkpoint, [row[0] for row in rows], beam)
    wrong = [(row, output) for row, output in zip(rows, outputs)
             if essence(output) not in map(essence, row[1:])]
    for row, output in wrong:
        print(f"  {row[0]} -> {output}  (accepted: {' | '.join(row[1:])})")
    n_bad = sum(not output or is_looping(output) or (output == row[0] and output not in row[1:])
                for row, output in zip(rows, outputs))
    print(f"{path}: {len(rows) - len(wrong)} of {len(rows)} right, {100 * (1 - len(wrong) / len(rows)):.1f} %; "
          f"{n_bad} empty, looping or echoed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--accepted", type=Path, metavar="FILE")
    parser.add_argument("--beam", type=int, default=1, metavar="N")
    parser.add_argument("--worst", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    if arguments.accepted:
        check_accepted(arguments.checkpoint, arguments.accepted, arguments.beam)
    for path in arguments.files:
        evaluate(arguments.checkpoint, path, arguments.beam, arguments.worst)


if __name__ == "__main__":
    main()

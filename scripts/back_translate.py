#!/usr/bin/env python3
"""Make training pairs from text in the target language: the program translates it, and the translations become the sources.

    back_translate.py CHECKPOINT TEXT.txt.xz --known CORPUS.tsv… --to FILE.tsv

TEXT has one sentence a line; CHECKPOINT translates it, from the target language to the source language. FILE gets lines
`translation TAB sentence`. Small models invent words. So a pair is left out if its translation has a word that occurs less
than three times in the first columns of all CORPUS files, unless it is a name that the sentence has too.
"""

import argparse
import collections
import re
from collections.abc import Container
from pathlib import Path

from corpora import is_clean, read_lines, read_pairs
from evaluate import translate_file
from transformer_c.files import write_whole

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
TIMES = 3  # a word that occurs less often may be a misspelling


def has_invented_word(translation: str, sentence: str, known: Container[str]) -> bool:
    """`known` has words as they are written. One that begins a sentence or stands in a title may be known in lower case."""
    names = {word for word in WORD.findall(sentence) if not word.islower()}
    return any(not (word in known or word in names or word.lower() in known) for word in WORD.findall(translation))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("--known", type=Path, nargs="+", required=True)
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    times = collections.Counter(word for path in arguments.known for source, _ in read_pairs(path)
                                for word in WORD.findall(source))
    known = {word for word, n in times.items() if n >= TIMES}
    sentences = [line.replace("\t", " ") for line in read_lines(arguments.text)]
    translations, seconds = translate_file(arguments.checkpoint, sentences)
    pairs = [(translation.replace("\t", " "), sentence) for translation, sentence in zip(translations, sentences)]
    kept = [pair for pair in pairs if is_clean(*pair) and not has_invented_word(*pair, known)]
    write_whole(arguments.to, lambda path: path.write_text("".join(map("%s\t%s\n".__mod__, kept)), encoding="utf-8"))
    print(f"{arguments.to}: {len(kept):,} of {len(pairs):,} pairs, translated in {seconds:.0f} s")


if __name__ == "__main__":
    main()

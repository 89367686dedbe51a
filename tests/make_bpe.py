#!/usr/bin/env python3
"""Write tests/golden/subword_nmt.json: merges that subword-nmt learns, and how it splits the lines of bpe_lines.

    make_bpe.py        (needs the package subword-nmt, 0.3.8, which the tests do not)
"""

import io
import json
from pathlib import Path

from subword_nmt.apply_bpe import BPE
from subword_nmt.learn_bpe import learn_bpe

from bpe_lines import LINES, PHRASES

FILE = Path(__file__).resolve().parent / "golden/subword_nmt.json"
N_MERGES = 600


def main():
    codes = io.StringIO()
    learn_bpe(PHRASES, codes, N_MERGES)
    codes.seek(0)
    segmented = BPE(codes)
    version, *merges = codes.getvalue().splitlines()
    assert version == "#version: 0.2"
    pieces = [segmented.segment(line).split(" ") if line else [] for line in LINES]
    FILE.write_text(json.dumps({"merges": merges, "pieces": [" ".join(line) for line in pieces]}, ensure_ascii=False, indent=0)
                    + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

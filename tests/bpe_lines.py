"""The lines on which byte-pair encoding is compared with other programs: the odd strings, and 1,000 of everyday language."""

import re
from pathlib import Path

from odd_strings import ODD_STRINGS

FILE = Path(__file__).resolve().parent.parent / "recipes/en-de-phrases.tsv"
PHRASES = [line.split("\t")[i % 2] for i, line in enumerate(FILE.read_text(encoding="utf-8").splitlines())][:1000]

# Without white space at the ends, which the program cuts off; and without lines that begin with a language code.
LINES = [line.strip() for line in [*ODD_STRINGS, *PHRASES] if not re.match(">>.*<<", line)]

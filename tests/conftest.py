"""Paths for all Python tests; one thread for PyTorch, so that its sums come out the same every time."""

import os
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "scripts"), str(TESTS.parent)]

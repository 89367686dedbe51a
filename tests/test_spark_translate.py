"""scripts/spark_translate.py: what runs on the nodes, without Spark; then all of it in Spark, if that is installed."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from partition import TEXTS_AT_ONCE, translate_texts
from transformer_c import program

GOLDEN = program.ROOT / "tests/golden/int8"
REAL = [str(program.TRANSLATE), "-m", str(GOLDEN), "-t", "1"]
WORDS = "a house is small and the weather will be better tomorrow".split()


def translated(texts, model=GOLDEN):
    """What the program makes of lines."""
    done = subprocess.run([program.TRANSLATE, "-m", model], input=b"".join(text + b"\n" for text in texts), capture_output=True)
    return done.stdout.decode().split("\n")[:-1]


def lines(n):
    return [" ".join(pair).encode() for pair in itertools.islice(itertools.cycle(itertools.permutations(WORDS, 2)), n)]


@pytest.fixture
def small(tmp_path):
    """A checkpoint with two positions: it translates "a", and fails at every word that takes more than one token."""
    model = tmp_path / "small"
    shutil.copytree(GOLDEN, model)
    config = json.loads((model / "config.json").read_text())
    config["max_positions"] = config["generation"]["max_length"] = 2
    (model / "config.json").write_text(json.dumps(config))
    return model


@pytest.fixture
def stand_in(tmp_path):
    """A function that makes a program of a Python statement, which runs for each line; there is a list `starts` with a line
    for each start of the program."""
    def stand_in(statement):
        path = tmp_path / "stand_in.py"
        path.write_text(f"""
import os, sys
open({str(tmp_path / "starts")!r}, "a").write(f"{{os.getpid()}}\\n")
starts = open({str(tmp_path / "starts")!r}).readlines()
for line in sys.stdin.buffer:
    {statement}
    sys.stdout.buffer.write(line.upper())
    sys.stdout.buffer.flush()
""")
        return [sys.executable, "-S", str(path)]
    return stand_in


def starts(tmp_path):
    return [int(line) for line in (tmp_path / "starts").read_text().split()]


# ---- a partition ----

def test_results_are_those_of_the_program_in_order():
    texts = lines(2 * TEXTS_AT_ONCE + 100)
    texts[7:9] = b"", b"caf\xe9, \xff and \x00"  # not UTF-8: read as Windows-1252
    texts[-1] = b"carriage return\r"
    assert list(translate_texts(texts, REAL)) == [(line, None) for line in translated(texts)]


def test_a_text_of_several_lines_is_translated_line_by_line():
    texts = [b"a house\nis small\n", b"the weather", b"\n", b"tomorrow\r\nbetter"]
    expected = translated(b"\n".join(texts).split(b"\n"))
    assert [text for text, _ in translate_texts(texts, REAL)] == [
        "\n".join(expected[:3]), expected[3], "\n", "\n".join(expected[6:]).replace("\r", "\r")]


def test_null_stays_null():
    assert list(translate_texts([None, b"", None], REAL)) == [(None, None), ("", None), (None, None)]
    assert list(translate_texts([], REAL)) == []


def test_texts_are_read_as_results_are_taken():
    n_read = 0

    def texts():
        nonlocal n_read
        for text in lines(3 * TEXTS_AT_ONCE):
            n_read += 1
            yield text

    results = translate_texts(texts(), REAL)
    for n_taken in range(1, 2 * TEXTS_AT_ONCE):
        next(results)
        assert n_taken <= n_read <= n_taken + TEXTS_AT_ONCE
    results.close()


def test_one_process_serves_a_partition_and_ends_with_it(stand_in, tmp_path):
    command = stand_in("pass")
    texts = [b"x" * 2000] * (2 * TEXTS_AT_ONCE)  # more than the pipes hold, in both directions
    assert list(translate_texts(texts, command)) == [("X" * 2000, None)] * len(texts)
    [first] = starts(tmp_path)
    results = translate_texts(texts, command)
    next(results)
    results.close()  # as for a task that is cancelled
    _, second = starts(tmp_path)
    assert not any(os.path.exists(f"/proc/{process}") for process in (first, second))


def test_a_text_at_which_the_program_fails_becomes_an_error(small):
    command = [str(program.TRANSLATE), "-m", str(small), "-t", "1"]
    texts = [b"a", b"", b"7"] * 100
    bad = [0, 5, 6, 150, 299]
    for i in bad:
        texts[i] = b"house"
    good = translated([b"" if i in bad else text for i, text in enumerate(texts)], small)
    error = "translate: a single character takes more tokens than the checkpoint's 2 positions"
    expected = [(None, error) if i in bad else (line, None) for i, line in enumerate(good)]
    for _ in range(2):
        assert list(translate_texts(texts, command)) == expected


def test_a_process_that_is_killed_in_the_middle_is_replaced(stand_in, tmp_path):
    command = stand_in('if line == b"kill\\n" and len(starts) == 1: os.kill(os.getpid(), 9)')
    texts = [*lines(300), b"kill", *lines(2000)]
    assert list(translate_texts(texts, command)) == [(text.decode().upper(), None) for text in texts]
    assert len(starts(tmp_path)) == 2


def test_the_last_text_of_a_partition_has_a_second_try(stand_in, tmp_path):
    command = stand_in('if line == b"kill\\n" and len(starts) == 1: os.kill(os.getpid(), 9)')
    assert list(translate_texts([b"kill"], command)) == [("KILL", None)]


@pytest.mark.parametrize("statement, error", [
    ("os.kill(os.getpid(), 9)", "killed by SIGKILL"), ("sys.exit(3)", "exit status 3"),
    ("os.write(1, b'half a line'); os.write(2, b'translate: a notice\\n'); sys.exit('translate: no memory')", "no memory"),
])
def test_a_text_that_ends_every_process_is_to_blame(stand_in, statement, error):
    command = stand_in(f'if line == b"kill\\n": {statement}')
    texts = [*lines(20), b"kill", *lines(20)]
    expected = [(text.decode().upper(), None) for text in texts]
    expected[20] = (None, f"translate: {error}")
    assert list(translate_texts(texts, command)) == expected


@pytest.mark.parametrize("options, message", [
    (["-m", "nowhere"], "translate: nowhere/config.json: cannot be opened: No such file or directory"),
    (["--n-best", "2"], "--n-best"), (["--info"], "--info"),
])
def test_a_program_that_cannot_work_is_no_fault_of_a_text(options, message):
    with pytest.raises(RuntimeError, match=message):
        next(translate_texts(lines(3), [*REAL, *options]))


# ---- Spark ----

@pytest.fixture(scope="module")
def spark_home(tmp_path_factory):
    """Spark in a directory of its own, because its workers write there."""
    pyspark = pytest.importorskip("pyspark")
    if not shutil.which("java"):
        pytest.skip("Java is not installed")
    home = tmp_path_factory.mktemp("spark")
    for path in Path(pyspark.__file__).parent.iterdir():
        (home / path.name).symlink_to(path)
    return home


@pytest.fixture
def spark_translate(monkeypatch, spark_home):
    """The script, to be run in this process, so that all runs share a Java machine; and a function that runs it."""
    monkeypatch.setenv("SPARK_HOME", str(spark_home))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")  # they start faster
    import spark_translate

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["spark_translate.py", *map(str, arguments)])
        spark_translate.main()
    return spark_translate, run


def session():
    from pyspark.sql import SparkSession
    return SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()


def rows_of(path):
    """The rows of a directory of Parquet files, in the order of their names."""
    spark = session()
    rows = spark.read.parquet(str(path)).selectExpr("input_file_name()", "*").collect()
    spark.stop()
    return [tuple(row[1:]) for row in sorted(rows, key=lambda row: row[0])]


# Kills the executor, a Java machine, whose Python runs the first partition: its parent's parent's parent.
KILL_EXECUTOR = """#!/bin/bash
process=$$
for _ in 1 2 3; do process=$(awk '/^PPid/ {{print $2}}' "/proc/$process/status" 2>/dev/null); done
if grep -q CoarseGrainedExecutorBackend "/proc/$process/cmdline" 2>/dev/null && mkdir "{flag}" 2>/dev/null; then
  sed -u 100q | "{program}" "$@"
  kill -9 "$process"
fi
exec "{program}" "$@"
"""


def test_spark_with_two_workers_one_of_them_killed(spark_translate, monkeypatch, tmp_path, capfd):
    script, run = spark_translate
    texts = [b"%s %d" % (text, i) for i, text in enumerate(lines(18_000))]
    texts[5] = b"caf\xe9"
    (tmp_path / "corpus").write_bytes(b"".join(text + b"\n" for text in texts))
    killer = tmp_path / "translate"
    killer.write_text(KILL_EXECUTOR.format(flag=tmp_path / "killed", program=program.TRANSLATE))
    killer.chmod(0o755)
    monkeypatch.setattr(script, "TRANSLATE", killer)
    run(tmp_path / "corpus", tmp_path / "out", "--model", GOLDEN, "--master", "local-cluster[2,1,1024]")
    assert f"{tmp_path / 'out'}: 18000 rows, 0 with an error\n" in capfd.readouterr().out
    assert (tmp_path / "killed").exists() and len(list((tmp_path / "out").glob("part-*"))) > 2
    rows = rows_of(tmp_path / "out")
    assert rows == [(text.decode(errors="replace"), line, None) for text, line in zip(texts, translated(texts))]


def test_spark_with_parquet(spark_translate, tmp_path, small, capfd):
    texts = [None, "a", "house", "a\na", ""] * 20
    rows = [(i, text, [float(i)], {"line": i}) for i, text in enumerate(texts)]
    spark = session()
    columns = "id long, english string, scores array<double>, place map<string, long>"
    spark.createDataFrame(rows, columns).coalesce(1).write.parquet(str(tmp_path / "in"), compression="gzip")
    spark.stop()
    _, run = spark_translate
    arguments = [tmp_path / "in", tmp_path / "out", "--column", "english", "--model", small, "--master", "local[2]"]
    run(*arguments, "--", "--plain")
    assert f"{tmp_path / 'out'}: 100 rows, 20 with an error\n" in capfd.readouterr().out
    error = "translate: a single character takes more tokens than the checkpoint's 2 positions"
    results = {None: (None, None), "a": ("das", None), "house": (None, error), "a\na": ("das\ndas", None), "": ("", None)}
    assert sorted(rows_of(tmp_path / "out")) == [(*row, *results[row[1]]) for row in rows]
    with pytest.raises(SystemExit, match="already exists"):
        run(*arguments)

"""bench.py: how its figures are made from samples, and that its systems say the same. Nothing is timed."""

import re
import xml.etree.ElementTree

import pytest

import bench_report
from bench_worker import make_batches


@pytest.mark.parametrize("percent, value", [(0, 1), (25, 1), (50, 2), (51, 3), (95, 4), (100, 4)])
def test_percentiles_are_values_that_were_measured(percent, value):
    assert bench_report.percentile([4, 1, 3, 2], percent) == value


@pytest.mark.parametrize("value, text", [(0, "0"), (0.01234, "0.0123"), (1.5, "1.50"), (98.76, "98.8"), (12345.6, "12,346")])
def test_numbers_have_three_digits(value, text):
    assert bench_report.number(value) == text


def test_the_spread_is_shown_where_there_is_one():
    assert bench_report.spread([3.0, 1.0, 2.0]) == "2.00 (1.00–3.00)"
    assert bench_report.spread([2.0, 2.0]) == "2.00"


def test_ratios_are_taken_pair_by_pair():
    assert bench_report.ratio([2, 20, 400], [1, 10, 100]) == "2.00"


def test_batches():
    lengths = [3, 9, 3, 8, 1]
    assert make_batches(lengths, "examples", 2) == [[1, 3], [0, 2], [4]]
    assert make_batches(lengths, "equal", 32) == [[1], [3], [0, 2], [4]]
    assert make_batches(lengths, "tokens", 18) == [[1, 3], [0, 2, 4]]
    assert make_batches([50], "tokens", 18) == [[0]]


def samples(system, seconds):
    common = {"model": "m", "input": "i", "system": system, "precision": "int8", "threads": 1}
    return [common | {"measure": "latency", "repeat": 0, "seconds": [seconds] * 4, "bytes": 8e9 * seconds, "same": 100.0},
            common | {"measure": "file", "repeat": 0, "seconds": seconds, "sentences": 4, "tokens": 20,
                      "multiply_adds": 1e9 * seconds, "batching": "own", "same": 75.0, "BLEU": 30.0, "chrF": 50.0}]


def test_the_table_says_how_the_systems_compare():
    rows = bench_report.speed_rows(samples("transformer.c", 0.1) + samples("CTranslate2", 0.2),
                                   {("read", "int8", 1): 4.0, ("multiply", 1): 10.0})
    assert rows[0] == ["transformer.c", "int8", "1", "100", "100", "2.00", "2.00 (50 %)", "200", "40.0", "2.00",
                       "1.00 (10 %)", "own", "100.0, 75.0", "30.0", "50.0"]
    assert rows[1][5] == rows[1][9] == "1.00"


def test_the_drawing_is_xml_with_a_point_for_each_batch_size():
    common = {"measure": "sweep", "system": "transformer.c", "precision": "int8", "threads": 1, "sentences": 4}
    svg = bench_report.drawing([common | {"batch": batch, "seconds": 1 / batch} for batch in (1, 2, 4)])
    assert len(re.findall("<circle", svg)) == 3
    assert xml.etree.ElementTree.fromstring(svg).tag.endswith("svg")


def test_a_checkpoint_turned_back_is_what_it_was_exported_from(tmp_path):
    """HF directory of the bundled checkpoint, exported again: the same tensors; CTranslate2 and the program agree."""
    pytest.importorskip("ctranslate2")
    pytest.importorskip("torch")
    from pathlib import Path

    import safetensors.numpy

    import bench
    import bench_models
    import program

    model = bench_models.Model("bundled", tmp_path)
    bench_models.write_hugging_face(bench.BUNDLED, tmp_path / "hugging-face")
    bench_models.complete(tmp_path, int8=bench.BUNDLED)
    stored = safetensors.numpy.load_file(Path(bench.BUNDLED) / "model.safetensors")
    float32 = safetensors.numpy.load_file(tmp_path / "float32/model.safetensors")
    for name, weight in stored.items():
        if name.endswith(".scale"):
            continue
        scale = stored.get(name.removesuffix("weight") + "scale")
        assert (float32[name] == (weight if scale is None else weight * scale[:, None])).all(), name
    lines = ["The house is small.", "Where is the station?", "I forgot my password."]
    expected = program.translate(model.directory / "float32", lines).stdout.decode().splitlines()
    for system in bench.SYSTEMS:
        if system.precision == "float32":
            with system.start(model, 1) as resident:
                assert [resident.ask(line) for line in lines] == expected, system.name

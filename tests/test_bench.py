"""bench/: how its figures are made from samples, and that its systems say the same. Nothing is timed."""

import subprocess
import types
import xml.etree.ElementTree
from pathlib import Path

import pytest

from bench import report
from bench.samples import Samples
from bench.worker import make_batches

BUNDLED = Path(__file__).resolve().parent.parent / "checkpoints/en-de"


@pytest.mark.parametrize("percent, value", [(0, 1), (25, 1), (50, 2), (51, 3), (95, 4), (100, 4)])
def test_percentiles_are_values_that_were_measured(percent, value):
    assert report.percentile([4, 1, 3, 2], percent) == value


@pytest.mark.parametrize("value, text", [(0, "0"), (0.01234, "0.0123"), (1.5, "1.50"), (98.76, "98.8"), (12345.6, "12,346")])
def test_numbers_have_three_digits(value, text):
    assert report.number(value) == text


def test_the_spread_is_shown_where_there_is_one():
    assert report.spread([3.0, 1.0, 2.0]) == "2.00 (1.00–3.00)"
    assert report.spread([2.0, 2.0]) == "2.00"


def test_ratios_are_taken_pair_by_pair():
    assert report.ratio([2, 20, 400], [1, 10, 100]) == "2.00"


def test_batches():
    lengths = [3, 9, 3, 8, 1]
    assert make_batches(lengths, "examples", 2) == [[1, 3], [0, 2], [4]]
    assert make_batches(lengths, "equal", 32) == [[1], [3], [0, 2], [4]]
    assert make_batches(lengths, "tokens", 18) == [[1, 3], [0, 2, 4]]
    assert make_batches([50], "tokens", 18) == [[0]]


COMMON = {"model": "m", "input": "i", "precision": "int8", "threads": 1}


def samples(system, seconds):
    common = COMMON | {"system": system, "repeat": 0, "same": 75.0, "sentences": 4}
    return [common | {"measure": "latency", "seconds": [seconds] * 4, "bytes": 8e9 * seconds},
            common | {"measure": "file", "seconds": seconds, "tokens": 20, "multiply_adds": 1e9 * seconds, "batching": "own",
                      "BLEU": 30.0, "chrF": 50.0}]


LIMITS = [COMMON | {"system": "machine", "measure": measure, "value": value, "used": "loads"}
          for measure, value in (("limit of reading", 3.0), ("limit of reading", 4.0), ("limit of multiplying", 10.0))]
BOTH = samples("transformer.c", 0.1) + samples("CTranslate2", 0.2)


def rows_of(table):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]


def test_the_tables_say_how_the_systems_compare_and_what_the_machine_could():
    header, _, own, peer = rows_of(report.latency_table(report.select(BOTH, measure="latency"), LIMITS))
    assert dict(zip(header, own)) == {"system": "transformer.c", "weights": "int8", "threads": "1", "p50 ms": "100",
                                      "p95 ms": "100", "× CT2": "2.00", "GB/s of weights": "2.00 (50 %)",
                                      "same text %": "75.0"}
    assert peer[5] == "1.00"
    header, _, own, peer = rows_of(report.file_table(report.select(BOTH, measure="file"), LIMITS))
    assert dict(zip(header, own)) == {"system": "transformer.c", "weights": "int8", "threads": "1", "sentences/s": "40.0",
                                      "tokens/s": "200", "× CT2": "2.00", "GMAC/s": "1.00 (10 %)", "batch": "own",
                                      "same text %": "75.0", "BLEU": "30.0", "chrF": "50.0"}
    assert peer[5] == "1.00"


def test_a_report_of_a_part_has_dashes_for_the_rest():
    tables = report.report(report.select(BOTH, measure="latency") + LIMITS, ["a machine"], [0.5])
    assert "| transformer.c | int8 | 100 | – | – | – |" in tables
    assert "a file" not in tables
    assert "- a machine\n- Load before the runs: 0.50\n" in tables
    with pytest.raises(report.NothingMeasured):
        report.report([], [], [])


def test_samples_outlive_a_kill_and_belong_to_their_conditions(tmp_path):
    path = tmp_path / "samples.jsonl"
    kept = Samples(path, "one")
    kept.describe(["a machine"])
    kept.add(("latency", "m", 0), [{"value": 1}])
    Samples(path, "another").add(("latency", "m", 0), [{"value": 2}])
    with open(path, "a") as file:
        file.write('{"conditions": "one", "rou')  # killed while it wrote
    again = Samples(path, "one")
    assert again.all == [{"value": 1}] and again.description == ["a machine"]
    assert ("latency", "m", 0) in again and ("latency", "m", 1) not in again
    again.add(("latency", "m", 1), [{"value": 3}])
    assert Samples(path, "one").all == [{"value": 1}, {"value": 3}]
    assert Samples(path).conditions == "one"  # those that were measured last


def named(name, directory):
    return types.SimpleNamespace(name=name, directory=directory)


def test_a_round_is_kept_when_it_is_finished_and_not_measured_again(tmp_path):
    pytest.importorskip("sacrebleu")
    pytest.importorskip("sentencepiece")
    from bench import measures

    bench = object.__new__(measures.Bench)
    bench.model, bench.text = named("model", tmp_path), named("text", tmp_path)
    bench.end, bench.samples = float("inf"), Samples(tmp_path / "samples.jsonl", "one")

    def measured(fail_at=None):
        for repeat in bench.rounds("latency", ["A.", "B."], 1, 3):
            bench.added.append({"repeat": repeat})
            if repeat == fail_at:
                raise KeyboardInterrupt
            yield repeat

    with pytest.raises(KeyboardInterrupt):
        list(measured(fail_at=1))
    assert bench.samples.all == [{"repeat": 0}]
    assert list(measured()) == [1, 2]
    assert list(measured()) == []
    bench.end = 0
    assert list(measured()) == []  # nothing is missing
    with pytest.raises(measures.OutOfTime):
        next(bench.rounds("latency", ["another"], 1, 1))


def test_the_drawing_is_xml_with_a_line_for_each_system_and_both_inks(tmp_path):
    pytest.importorskip("matplotlib")
    sweep = [COMMON | {"system": system, "measure": "sweep", "sentences": 4, "batch": batch, "seconds": 1 / batch}
             for system in ("transformer.c", "CTranslate2") for batch in (1, 2, 4)]
    report.draw(sweep, tmp_path / "drawing.svg")
    svg = (tmp_path / "drawing.svg").read_text()
    assert xml.etree.ElementTree.fromstring(svg).tag.endswith("svg")
    assert report.INK not in svg and "prefers-color-scheme:dark" in svg
    assert all(report.LINES[system][0] in svg for system in ("transformer.c", "CTranslate2"))
    with pytest.raises(report.NothingMeasured):
        report.draw(BOTH, tmp_path / "drawing.svg")


def test_what_the_machine_can_do(tmp_path):
    machine = tmp_path / "machine"
    subprocess.run(["cc", "-std=gnu11", "-O3", "-march=native", "-o", machine,
                    Path(report.__file__).with_name("machine.c"), "-pthread"], check=True)
    found = {}
    for arguments in (("read", "65536", "1"), ("float32", "1"), ("int8", "1")):
        done = subprocess.run([machine, *arguments], capture_output=True, text=True, check=True)
        found[arguments[0]] = done.stdout.split(" ", 1)
    assert all(float(value) > 0 and used.strip() for value, used in found.values())
    assert found["read"][1] == "loads out of 65536 bytes\n"
    for wrong in (("read", "65536"), ("int8", "0"), ("int4", "1"), ()):
        assert subprocess.run([machine, *wrong], capture_output=True).returncode == 2


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A directory with the Hugging Face form of the bundled checkpoint."""
    pytest.importorskip("ctranslate2")
    pytest.importorskip("torch")
    from bench import models
    directory = tmp_path_factory.mktemp("trained")
    models.write_hugging_face(BUNDLED, directory / "hugging-face")
    return directory


def test_a_random_models_translations_are_all_of_one_length(trained, tmp_path):
    from bench import models, worker
    from transformer_c import program

    model = models.Model("random", tmp_path, models.FIXED_LENGTH)
    models.write_random(trained / "hugging-face", model.directory / "hugging-face", d_model=32, encoder_layers=1,
                              decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64,
                              decoder_ffn_dim=64, max_position_embeddings=64, activation_function="swish",
                              scale_embedding=True, vocab_size=8100)
    models.complete(model.directory)
    lines = ["No.", "The house by the lake is still for sale, but we want to buy it today."]
    for precision in ("float32", "int8"):
        translated = program.translate_tokens(model.directory / precision, lines)
        assert [len(sentence.target) for line in translated for sentence in line] == 2 * [models.FIXED_LENGTH]
    hugging_face = model.directory / "hugging-face"
    rivals = [worker.Transformers(hugging_face, 1, 1),
              *(worker.CTranslate2(hugging_face, 1, 1, str(model.directory / f"ctranslate2-{precision}"), precision, 1)
                for precision in ("float32", "int8"))]
    for rival in rivals:
        sources = [rival.encode(line) for line in lines]
        for output in [output for batch in rival.generate([[source] for source in sources]) for output in batch]:
            assert len(output) >= models.FIXED_LENGTH - 1  # transformers' last one is the forced end token


def test_a_checkpoint_turned_back_is_what_it_was_exported_from(trained):
    """HF directory of the bundled checkpoint, exported again: the same tensors; CTranslate2 and the program agree."""
    import safetensors.numpy

    from bench import models, systems
    from transformer_c import program

    model = models.Model("bundled", trained)
    models.complete(trained, int8=BUNDLED)
    stored = safetensors.numpy.load_file(BUNDLED / "model.safetensors")
    float32 = safetensors.numpy.load_file(trained / "float32/model.safetensors")
    for name, weight in stored.items():
        if name.endswith(".scale"):
            continue
        scale = stored.get(name.removesuffix("weight") + "scale")
        assert (float32[name] == (weight if scale is None else weight * scale[:, None])).all(), name
    lines = ["The house is small.", "Where is the station?", "I forgot my password."]
    expected = program.translate(model.directory / "float32", lines).stdout.decode().splitlines()
    for system in systems.SYSTEMS:
        if system.precision == "float32":
            with system.start(model, 1) as resident:
                assert [resident.ask(line) for line in lines] == expected, system.name

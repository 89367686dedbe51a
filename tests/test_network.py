"""The network that train.py learns computes what MarianMTModel computes. Needs PyTorch."""

import random
import tomllib

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sacrebleu")

import torch
from transformers import MarianMTModel

import train
from conftest import TESTS
from network import EOS, LOSS_ROWS, Network, SmoothedLoss, sinusoids, translate
from transformer_c import checkpoint

# The checkpoint of recipes/reversing.toml: a trained one, so that search has something to decide.
REVERSING = TESTS / "golden/reversing"
SHAPE = tomllib.loads((TESTS.parent / "recipes/reversing.toml").read_text(encoding="utf-8"))["model"]
N_VOCABULARY = 286
PAD = N_VOCABULARY - 1
SOURCE = torch.tensor([[265, 266, 267, 268, 0], [270, 271, 0, PAD, PAD], [281, 282, 283, 0, PAD]])
TARGET = torch.tensor([[260, 0, PAD], [261, 262, 0], [263, 0, PAD]])
WANTED = (TARGET != PAD).flatten().nonzero()[:, 0]


@pytest.fixture(scope="module")
def network():
    network = Network(SHAPE, N_VOCABULARY).eval()
    network.load_state_dict(checkpoint.exported_weights(REVERSING, network))
    return network


@pytest.fixture(scope="module")
def marian(network, tmp_path_factory):
    """The same weights in a MarianMT directory, opened by transformers."""
    directory = tmp_path_factory.mktemp("marian")
    train.take_tokenizer(directory / "tokenizer", REVERSING)
    checkpoint.write_marian(directory / "model", network, directory / "tokenizer",
                            {"model": SHAPE, "source": "forwards", "target": "backwards"})
    return MarianMTModel.from_pretrained(directory / "model", attn_implementation="eager").eval()


def test_the_loss_is_that_of_marian(network, marian):
    decoder_input = torch.cat([torch.full((3, 1), PAD), TARGET[:, :-1]], dim=1)
    with torch.no_grad():
        logits = marian(input_ids=SOURCE, attention_mask=(SOURCE != PAD).long(), decoder_input_ids=decoder_input).logits
        expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1)[WANTED], TARGET.flatten()[WANTED],
                                                     label_smoothing=0.1, reduction="sum")
        torch.testing.assert_close(network(SOURCE, TARGET, WANTED, 0.1), expected, rtol=1e-5, atol=0)


def test_greedy_search_is_that_of_transformers(network, marian):
    rng = random.Random(0)
    sources = [[rng.randrange(257, PAD) for _ in range(rng.randint(1, 20))] + [EOS] for _ in range(30)]
    expected = checkpoint.greedy(marian, sources)
    assert len({len(ids) for ids in expected}) > 10 and max(map(len, expected)) > 20
    assert translate(network, sources, batch_tokens=100, max_positions=SHAPE["max_positions"]) == expected


def test_padding_changes_nothing(network):
    alone = network.greedy(SOURCE[1:2, :3], 20)
    assert network.greedy(SOURCE, 20)[1:2] == alone


def test_causal_attention_sees_no_later_token(network):
    """The loss of the first target token does not depend on the second."""
    other = TARGET.clone()
    other[1, 1] = 270
    first = torch.tensor([3])  # row 1, token 0
    with torch.no_grad():
        assert network(SOURCE, TARGET, first, 0.0) == network(SOURCE, other, first, 0.0)


def test_position_encodings():
    """sin and cos of position / 10000^(2i/d), the sines first."""
    expected = [[0, 0, 1, 1], [0.8414710, 0.0099998, 0.5403023, 0.9999500]]
    torch.testing.assert_close(sinusoids(2, 4), torch.tensor(expected), rtol=0, atol=1e-6)


def test_every_weight_learns(network):
    gradients = torch.autograd.grad(network(SOURCE, TARGET, WANTED, 0.1), list(network.parameters()))
    for (name, _), gradient in zip(network.named_parameters(), gradients):
        # a key's bias adds the same to all scores of a query, so softmax takes it out
        assert (gradient.abs().max() > 1e-6) == (not name.endswith("k_proj.bias")), name


def test_the_loss_in_pieces_has_the_gradients_of_cross_entropy():
    torch.manual_seed(0)
    n, d, n_pieces = LOSS_ROWS + 5, 4, 11
    hidden, weight = torch.randn(n, d, requires_grad=True), torch.randn(n_pieces, d, requires_grad=True)
    bias, target = torch.randn(1, n_pieces), torch.randint(n_pieces, (n,))
    expected = torch.nn.functional.cross_entropy(hidden @ weight.T + bias, target, label_smoothing=0.1, reduction="sum")
    loss = SmoothedLoss.apply(hidden, weight, bias, target, 0.1)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)
    gradients = [torch.autograd.grad(3 * value, [hidden, weight]) for value in (loss, expected)]
    for ours, theirs in zip(*gradients):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_gradients_in_bfloat16_are_close(network):
    """bfloat16 has 8 bits, so a rounding changes a number by up to 1/256; two layers of the network round dozens of times."""
    exact = torch.autograd.grad(network(SOURCE, TARGET, WANTED, 0.1), list(network.parameters()))
    rounded = network.in_bfloat16()
    close = torch.autograd.grad(rounded(SOURCE, TARGET, WANTED, 0.1), list(rounded.parameters()))
    assert {gradient.dtype for gradient in close} == {torch.float32, torch.bfloat16}
    exact, close = (torch.cat([gradient.flatten().float() for gradient in gradients]) for gradients in (exact, close))
    assert 0 < (close - exact).norm() < 0.05 * exact.norm()

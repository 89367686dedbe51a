"""Families of Hugging Face's transformers as systems (systems.py): the library's own forward pass. make_systems.py trains a
model of each of TRAINED."""

import torch
import transformers

import reference
import systems
from systems import D_FF, DIGITS, HEADS, TENS, TO_19, D


class HuggingFace(systems.System):
    """A model of a family of transformers, whose own modules are watched while it computes."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    after, end = ["</s>"], "</s>"

    def __init__(self, family, before=("<s>",), start="</s>", n_layers=2, init_std=0.4, **arguments):
        torch.manual_seed(3)
        self.name, self.before, self.start, self.family = family, list(before), start, family
        self.source_words = self.target_words = self.special + DIGITS + TO_19 + TENS + ["hundred"]
        self.options = {"source-frame": " ".join([*before, "text", "</s>"]), "target-frame": f"{start} text </s>",
                        "tokenizer": "spaces"}
        sizes = {"vocab_size": len(self.source_words)}
        if family == "FSMT":
            self.source_words, self.target_words = self.special + DIGITS, self.special + TO_19 + TENS + ["hundred"]
            sizes = {"langs": ["en", "de"], "tie_word_embeddings": False,
                     "src_vocab_size": len(self.source_words), "tgt_vocab_size": len(self.target_words)}
        config = getattr(transformers, f"{family}Config")(
            d_model=D, encoder_layers=n_layers, decoder_layers=n_layers, encoder_ffn_dim=D_FF, decoder_ffn_dim=D_FF,
            encoder_attention_heads=HEADS, decoder_attention_heads=HEADS, max_position_embeddings=40, init_std=init_std,
            pad_token_id=1, bos_token_id=0, eos_token_id=2, forced_eos_token_id=None, dropout=0.0,
            decoder_start_token_id=self.special.index(start), attn_implementation="eager", **sizes, **arguments)
        self.model = getattr(transformers, f"{family}ForConditionalGeneration")(config).eval()
        for name, tensor in self.model.state_dict().items():
            if "norm" in name or "bias" in name:
                tensor += init_std / 2 * torch.randn(tensor.shape)

    def learned(self):
        return [tensor for tensor in self.model.parameters() if tensor.requires_grad]

    def round(self):
        self.model.half()

    def save(self, directory):
        self.model.save_pretrained(directory)
        return directory

    def load(self, directory):
        self.model = type(self.model).from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
        return directory

    def compute(self, source, target):
        source, target = torch.as_tensor(source), torch.as_tensor(target)
        logits = self.model(input_ids=torch.atleast_2d(source), decoder_input_ids=torch.atleast_2d(target),
                            attention_mask=torch.ones_like(torch.atleast_2d(source)), use_cache=False).logits
        return logits.reshape(*target.shape, -1)

    def forward(self, source, target):
        """The trace of one sentence."""
        return reference.trace(self.model, source, [*target[1:], self.model.config.eos_token_id])


TRAINED = {"mbart": ("MBart", {"before": [], "scale_embedding": True}), "m2m100": ("M2M100", {"scale_embedding": True}),
           "pegasus": ("Pegasus", {"before": [], "start": "<pad>", "scale_embedding": True}),
           "blenderbot": ("Blenderbot", {"before": [], "start": "<s>", "scale_embedding": True}),
           "fsmt": ("FSMT", {"before": []})}  # directories of tests/readers


def trained(name):
    """One layer in each stack; random models of BART have two."""
    family, arguments = TRAINED[name]
    return HuggingFace(family, n_layers=1, init_std=0.1, **arguments)

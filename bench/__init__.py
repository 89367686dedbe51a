"""This program against CTranslate2 and transformers: bench/run."""

"""Makes a language model of two layers, without weights: nothing is downloaded, ``--load-format dummy`` fills it.

A program for the interpreter that has vLLM: ``python tiny_model.py FOLDER``. Its tokenizer knows bytes and
nothing else. A few are left out: random weights would make half characters of them, or of a backslash's escapes,
which vLLM's grammar lets pass and which are no text.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

MAXIMUM_TOKENS = 2048  # prompt and answer together; a token is a byte

_SPECIAL = ("<|begin|>", "<|end|>", "<|fill|>")
#: bytes as the tokenizer spells them: these stand for themselves
_LEFT_OUT = "\\" + "".join(map(chr, (0xC0, 0xC1, 0xED, *range(0xF4, 0x100))))
_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}assistant: "
)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    size = _tokenizer(folder)
    _write(
        folder / "tokenizer_config.json",
        tokenizer_class="PreTrainedTokenizerFast",
        bos_token=_SPECIAL[0],
        eos_token=_SPECIAL[1],
        pad_token=_SPECIAL[2],
        model_max_length=MAXIMUM_TOKENS,
        chat_template=_TEMPLATE,
    )
    _write(
        folder / "config.json",
        architectures=["LlamaForCausalLM"],
        model_type="llama",
        hidden_act="silu",
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=MAXIMUM_TOKENS,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        tie_word_embeddings=False,
        torch_dtype="float32",
        vocab_size=size,
        bos_token_id=size - 3,
        eos_token_id=size - 2,
    )


def _tokenizer(folder: Path) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    known = sorted(set(pre_tokenizers.ByteLevel.alphabet()) - set(_LEFT_OUT))
    vocabulary = {token: number for number, token in enumerate([*known, *_SPECIAL])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(_SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(vocabulary)


def _write(path: Path, **values: object) -> None:
    path.write_text(json.dumps(values, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

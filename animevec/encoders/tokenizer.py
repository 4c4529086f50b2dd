"""Text to token ids without silent truncation, and an explicit trim for those who want one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from animevec.errors import ModelError


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """A ``tokenizer.json`` with its padding and truncation taken off."""

    backend: Tokenizer = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> "TextTokenizer":
        """Read ``tokenizer.json``; raises ``ModelError`` when it is missing or unreadable."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise ModelError(f"{path} is missing; fetch the model again with its tokenizer")
        try:
            backend = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:  # tokenizers raises nothing narrower
            raise ModelError(f"{path} is not a tokenizer: {error}") from error
        backend.no_truncation()
        backend.no_padding()
        return cls(backend)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids with the special tokens, for each text."""
        return [one.ids for one in self.backend.encode_batch_fast(list(texts))]

    def spans(self, text: str, tokens: int) -> NDArray[np.int32]:
        """The characters [start, end) of every token but the first, int32 [tokens - 1, 2].

        Of ``tokens`` in all; those of a prompt before the text, and special ones, span nothing.
        """
        offsets = self.backend.encode(text).offsets[1:]
        prompt = [(0, 0)] * (tokens - 1 - len(offsets))
        return np.array(prompt + offsets, np.int32).reshape(-1, 2)[1 - tokens :]

    def count(self, text: str) -> int:
        """Tokens of the text, special tokens included."""
        return len(self.encode([text])[0])

    def token(self, index: int) -> str:
        """The written form of a token id."""
        return str(self.backend.id_to_token(index))

    def index(self, token: str) -> int:
        """The id of a token; raises ``ModelError`` for one that is not in the vocabulary."""
        index = self.backend.token_to_id(token)
        if index is None:
            raise ModelError(f"the tokenizer has no token {token!r}; fetch the model again")
        return int(index)

    def trim(self, text: str, max_tokens: int) -> tuple[str, bool]:
        """The longest beginning of at most ``max_tokens`` tokens, and whether anything was cut.

        ``max_tokens`` counts the special tokens, as the model card does.
        """
        if self.count(text) <= max_tokens:
            return text, False
        room = max(0, max_tokens - self.backend.num_special_tokens_to_add(False))
        end = self._end_of(text, room)
        # A beginning may tokenise longer than it did inside the whole; step back until it fits.
        while end > 0 and self.count(text[:end]) > max_tokens:
            room -= 1
            end = self._end_of(text, room)
        return text[:end].rstrip(), True

    def _end_of(self, text: str, tokens: int) -> int:
        """The character after the given number of tokens."""
        if tokens < 1:
            return 0
        offsets = self.backend.encode(text, add_special_tokens=False).offsets
        return int(offsets[min(tokens, len(offsets)) - 1][1])

"""Text architectures that transformers knows and this project does not write itself."""

from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from animevec.encoders.packed import Packed
from animevec.encoders.runtime import Runtime
from animevec.errors import ModelError


class Padded(nn.Module):
    """A transformers text model behind the packed interface: pads, runs, takes the padding off."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    @classmethod
    def load(cls, folder: Path, runtime: Runtime) -> Self:
        """From a local folder with safetensors, running no code from it."""
        from transformers import AutoModel

        try:
            inner: Any = AutoModel.from_pretrained(
                folder,
                dtype=runtime.torch_dtype,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
            )
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"{folder} holds no model that transformers can load: {error}") from (
                error
            )
        return runtime.place(cls(inner.eval().requires_grad_(False)))

    def forward(self, packed: Packed) -> Tensor:
        """Last hidden states [tokens, hidden]."""
        ids = pad_sequence(list(packed.split(packed.read(packed.ids))), batch_first=True)
        lengths = torch.tensor(packed.lengths, device=ids.device)
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
        hidden = self.inner(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        return cast(Tensor, hidden[mask])

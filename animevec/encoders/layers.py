"""The linear layers of a model, replaced by ones that compute the same in another layout."""

from collections.abc import Callable

from torch import nn

NARROW = 16  # outputs; so few gain nothing


def replace_linear(model: nn.Module, make: Callable[[nn.Linear], nn.Linear]) -> None:
    """Replace every plain linear layer; narrow ones and those of a class of their own stay."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and child.out_features >= NARROW:
                setattr(parent, name, make(child))

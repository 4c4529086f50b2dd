"""The two full-size models with random weights, on disk as published: speed does not depend on
the weights' values.  A folder is written once.
"""

import json
import shutil
from pathlib import Path

REFERENCE = Path(__file__).parents[1] / "tests" / "encoders" / "reference"
BGE_M3 = {
    "model_type": "xlm-roberta",
    "architectures": ["XLMRobertaModel"],
    "hidden_act": "gelu",
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "max_position_embeddings": 8194,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "vocab_size": 250_002,
    "torch_dtype": "float32",
}


def bge_m3(scratch: Path) -> Path:
    """The folder of a BGE-M3 in float32."""
    folder = scratch / "bge-m3-random"
    if not (folder / "colbert_linear.pt").exists():
        _copy("bge-m3-tiny", folder, ("tokenizer.json", "tokenizer_config.json", "modules.json"))
        shutil.copytree(
            REFERENCE / "bge-m3-tiny" / "1_Pooling", folder / "1_Pooling", dirs_exist_ok=True
        )
        (folder / "config.json").write_text(json.dumps(BGE_M3))
        _write_bge_m3(folder)
    return folder


def _write_bge_m3(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from animevec.encoders.backbone import Backbone, BackboneConfig
    from animevec.encoders.bge_m3 import Heads

    torch.manual_seed(0)
    model = Backbone(BackboneConfig.parse(BGE_M3))
    for name, weight in model.named_parameters():
        if name.endswith("weight") and "LayerNorm" not in name:
            torch.nn.init.normal_(weight, std=0.02)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    heads = Heads(1024)
    torch.save(heads.sparse_linear.state_dict(), folder / "sparse_linear.pt")
    torch.save(heads.colbert_linear.state_dict(), folder / "colbert_linear.pt")


def jina_clip_v2(scratch: Path) -> Path:
    """The folder of a JinaCLIP v2 in bfloat16, as it is published."""
    import torch

    from animevec.encoders.jina_clip import WEIGHTS, JinaClip, JinaClipConfig, save_clip

    folder = scratch / "jina-clip-v2-random"
    if not (folder / WEIGHTS).exists():
        names = ("preprocessor_config.json", "tokenizer.json", "tokenizer_config.json")
        _copy("jina-clip-v2-tiny", folder, names)
        config = REFERENCE / "jina-clip-v2-tiny" / "config_full.json"
        shutil.copy(config, folder / "config.json")
        pixels = json.loads((folder / "preprocessor_config.json").read_text())
        pixels["size"] = 512
        (folder / "preprocessor_config.json").write_text(json.dumps(pixels))
        torch.manual_seed(0)
        published = JinaClipConfig.from_published(json.loads(config.read_text()))
        save_clip(JinaClip(published).to(torch.bfloat16), folder / WEIGHTS)
    return folder


def _copy(model: str, folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(REFERENCE / model / name, folder / name)

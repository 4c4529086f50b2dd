"""Pictures drawn by the project: covers for the sample catalogue, scenes to train on."""

from animevec.artwork.cover import cover_bytes, draw_cover
from animevec.artwork.scene import Scene, scene

__all__ = ["Scene", "cover_bytes", "draw_cover", "scene"]

"""Data to pairs to negatives to LoRA trainer to verdict."""

"""Text and picture encoders behind one interface: items in, one outcome per item out."""

"""What the sources with the longest answers send, as typed models; one module each."""

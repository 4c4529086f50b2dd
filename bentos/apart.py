"""The gateway where the encoders are BentoML services of their own."""

import bentoml

from animevec.settings import Settings
from bentos.encoders import PictureEncoder, TextEncoder


class Apart:
    """Search over HTTP, encoders in services of their own."""

    text = bentoml.depends(TextEncoder)
    if Settings().encoders.picture:
        picture = bentoml.depends(PictureEncoder)

"""The compact picture model: JinaCLIP v2's architecture, taught on pictures drawn here."""

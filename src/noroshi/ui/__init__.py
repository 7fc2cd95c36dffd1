"""The look that all doors share: layout, style, scripts, template tags."""

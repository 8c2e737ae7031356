"""Help of the commands, in knack's YAML form, one module per noun."""

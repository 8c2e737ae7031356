"""The options of the commands, one module per noun."""

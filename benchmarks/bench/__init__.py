"""Us and what people would pick instead, measured side by side: one module for each row of the table."""

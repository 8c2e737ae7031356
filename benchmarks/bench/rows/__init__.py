"""What is measured: each module has `ROWS`, lines of the table with those who take part in them."""

"""Where a deep token or a prediction comes from, traced back to the pixels."""

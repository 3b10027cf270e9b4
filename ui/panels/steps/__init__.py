"""One token through super token attention, step by step: formula, words with its real numbers, and picture."""

"""What each page answers in one computed sentence: numbers in, words out; one file for each page."""

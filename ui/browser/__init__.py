"""What only the browser can do: history, files from anywhere on the page, a link to copy, knowing its tab again."""

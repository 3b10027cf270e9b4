"""Start the command line: python -m analysis.anchor."""

from analysis.commands.anchor import main

if __name__ == "__main__":
    raise SystemExit(main())

"""Start the command line: python -m analysis.export."""

from analysis.commands.export import main

if __name__ == "__main__":
    raise SystemExit(main())

"""Start the command line: python -m analysis.export."""

from analysis.export_cli import main

if __name__ == "__main__":
    raise SystemExit(main())

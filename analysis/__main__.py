"""Start the command line: python -m analysis."""

from analysis.commands.interrupts import install

if __name__ == "__main__":
    install()  # before anything large is imported

    from analysis.commands.main import main

    raise SystemExit(main())

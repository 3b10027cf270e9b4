"""Start the command line: python -m analysis."""

from analysis.commands.measure import main

raise SystemExit(main())

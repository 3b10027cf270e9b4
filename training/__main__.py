"""`python -m training`."""

import sys

if __name__ == "__main__":
    try:
        from training.cli import main  # takes a second, in which people interrupt too

        main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None

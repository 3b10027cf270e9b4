"""List the links of the pages to other hosts, and ask for each if told to.

python docs/links.py             lists each link and where it stands
python docs/links.py --online    asks for each page; the exit status is 1 if one cannot be had
"""

import argparse
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.documents import external_links

TIMEOUT = 20
"""Seconds."""

SHY = (403, 405, 429)
"""Answers of hosts that are there and do not care for programs."""


def main(online: bool) -> int:
    """Print a line for each link and return the exit status."""
    missing = 0
    for link, files in external_links().items():
        problem = fault(link) if online else ""
        missing += bool(problem)
        print(f"{link}  ({', '.join(sorted(set(files)))}){problem and f': {problem}'}", flush=True)
    return 1 if missing else 0


def fault(link: str) -> str:
    """Return why a link cannot be had, or nothing."""
    try:
        with urlopen(Request(link, headers={"User-Agent": "Mozilla/5.0"}), timeout=TIMEOUT):
            return ""
    except HTTPError as error:
        return "" if error.code in SHY else f"answers {error.code}"
    except OSError as error:
        return str(error)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--online", action="store_true")
    raise SystemExit(main(parser.parse_args().online))

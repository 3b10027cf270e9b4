"""Run benchmarks by name: python -m benchmarks [core ...]; all of them without a name."""

import argparse
import importlib
import sys

NAMES = ("core", "cost", "precision", "redundancy", "sweep", "sweep_memory", "dataset", "superpixels", "app")
ON_DEVICES = ("core", "cost")
"""Those that can run on a GPU; the ledger of redundancy sorts on the CPU wherever its capture lies."""


def main() -> None:
    """Run the benchmarks that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one or more of: {', '.join(NAMES)}")
    parser.add_argument("--device", default="cpu", help="where the model runs, such as cuda (core and cost only)")
    parser.add_argument("--gpu-ratio", type=float, help="sweep: how many cores a GPU is taken to be worth, on paper")
    parser.add_argument("--gpu-cores", type=int, help="sweep: cores beside each GPU, on paper")
    options = parser.parse_args()
    chosen = options.names or [name for name in NAMES if options.device == "cpu" or name in ON_DEVICES]
    for name in chosen:
        if name not in NAMES:
            parser.error(f"there is no benchmark {name!r}; known are {', '.join(NAMES)}")
        if options.device != "cpu" and name not in ON_DEVICES:
            parser.error(f"{name} runs on the CPU only; --device is for {' and '.join(ON_DEVICES)}")
    for name in chosen:
        settings = {"device": options.device} if name in ON_DEVICES else {}
        if name == "sweep":
            on_paper = {"gpu_ratio": options.gpu_ratio, "gpu_cores": options.gpu_cores}
            settings = {option: value for option, value in on_paper.items() if value is not None}
        importlib.import_module(f"benchmarks.{name}").main(**settings)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None

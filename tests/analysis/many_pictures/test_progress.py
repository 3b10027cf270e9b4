"""The bar of a long run, as numbers."""

import io

from analysis.many_pictures.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_moves_within_a_picture_and_ends_with_it(monkeypatch) -> None:
    monkeypatch.setattr("sys.stderr", Terminal())
    with Progress(2, 10) as progress:
        shown = []
        for done in (0, 3, 7):
            progress.within(done, 7)
            shown.append(progress._bar.n)
        progress.picture()
        progress.within(1, 2)
        shown.append(progress._bar.n)
    assert shown == [0, 4, 10, 15]

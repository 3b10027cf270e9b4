"""Many pictures: which are one job's, tables that survive a kill, and means in one pass."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.many_pictures.files import Part, list_pictures, pictures_of
from analysis.many_pictures.means import KEYS, Summary
from analysis.many_pictures.tables import PictureTables, join_tables, write_csv


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a picture")


def test_folders_are_searched_at_any_depth_and_each_picture_counts_once(tmp_path):
    inside = [tmp_path / "a" / "1.JPEG", tmp_path / "a" / "b" / "2.png", tmp_path / "a" / "b" / "3.webp"]
    touch(*inside, tmp_path / "a" / "notes.txt", tmp_path / "z.jpg", tmp_path / "named.dat")
    (tmp_path / "a" / "folder.png").mkdir()
    named = [tmp_path / "z.jpg", tmp_path / "a", tmp_path / "a" / "b", tmp_path / "named.dat", tmp_path / "absent.png"]
    assert list_pictures(named) == [tmp_path / "z.jpg", *inside, tmp_path / "named.dat", tmp_path / "absent.png"]


def test_two_paths_to_one_picture_count_once(tmp_path, monkeypatch):
    touch(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    assert list_pictures([Path("a.png"), tmp_path / "a.png", tmp_path]) == [Path("a.png")]


def test_a_folder_without_pictures_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no picture \(\.png, .*\); name another folder or the files"):
        list_pictures([tmp_path])


@pytest.mark.parametrize("of", [1, 3, 16])
def test_parts_share_the_pictures_out_evenly(of):
    pictures = [Path(f"{number}.png") for number in range(14)]
    parts = [pictures_of(Part(number, of), pictures) for number in range(1, of + 1)]
    assert sorted(path for part in parts for path in part) == sorted(pictures)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_part_is_read_as_it_is_written():
    assert Part.parse("3/16") == Part(3, 16)
    assert str(Part(3, 16)) == "3/16"


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/2/3"])
def test_a_part_that_does_not_exist_is_refused(text):
    with pytest.raises(ValueError, match="from 1/16 to 16/16"):
        Part.parse(text)


# ---------------------------------------------------------------- tables by picture


def table(values, heads=(0, pd.NA), image="a.png") -> pd.DataFrame:
    rows = [(image, 0, 1, head, "super", "entropy", value, "nats") for head, value in zip(heads, values, strict=True)]
    frame = pd.DataFrame(rows, columns=["image", "stage", "block", "head", "attention", "metric", "value", "unit"])
    return frame.astype({"head": "Int64"})


@pytest.fixture
def picture(tmp_path):
    touch(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_a_table_is_found_again(picture, tmp_path):
    tables = PictureTables(tmp_path / "out", "settings")
    assert picture not in tables
    tables.write(picture, table([1.0, 2.0]))
    assert picture in tables
    found = PictureTables(tmp_path / "out", "settings").read(picture)
    pd.testing.assert_frame_equal(found, table([1.0, 2.0], image=str(picture)))


def test_other_settings_or_another_picture_are_something_else(picture, tmp_path):
    tables = PictureTables(tmp_path / "out", "settings")
    tables.write(picture, table([1.0, 2.0]))
    assert picture not in PictureTables(tmp_path / "out", "other settings")
    picture.write_bytes(b"the picture was edited")
    later = PictureTables(tmp_path / "out", "settings")
    assert picture not in later
    with pytest.raises(FileNotFoundError):
        later.read(picture)


def test_a_copy_of_a_picture_has_its_table_under_its_own_name(picture, tmp_path):
    tables = PictureTables(tmp_path / "out", "settings")
    tables.write(picture, table([1.0, 2.0]))
    touch(tmp_path / "elsewhere" / "copy.png")
    found = tables.read(tmp_path / "elsewhere" / "copy.png")
    pd.testing.assert_frame_equal(found, table([1.0, 2.0], image=str(tmp_path / "elsewhere" / "copy.png")))


def test_a_picture_that_is_not_there_has_no_table(tmp_path):
    assert tmp_path / "absent.png" not in PictureTables(tmp_path, "settings")


def test_a_write_that_fails_leaves_nothing(picture, tmp_path, monkeypatch):
    tables = PictureTables(tmp_path / "out", "settings")

    def full_disk(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stvit.atomic_files.os.fsync", full_disk)
    with pytest.raises(OSError, match="The disk is full"):
        tables.write(picture, table([1.0, 2.0]))
    assert not list((tmp_path / "out").iterdir())


def test_joined_tables_are_the_tables_one_after_the_other(tmp_path):
    parts = [table([1.0, 2.0]), table([3.0, 4.0], image="b.png")]
    assert join_tables(iter(parts), tmp_path / "all.parquet") == 4
    write_csv(iter(parts), tmp_path / "all.csv")
    expected = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "all.parquet"), expected)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "all.csv", dtype=expected.dtypes.to_dict()), expected)


def test_nothing_to_join_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="no table"):
        join_tables([], tmp_path / "all.parquet")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- means


def test_means_and_spread_are_those_of_all_tables_at_once():
    random = np.random.default_rng(0)
    parts = [table(1e6 + random.normal(size=4), heads=(0, 1, 2, pd.NA)) for _ in range(9)]
    parts.append(table([7.0], heads=(3,)))  # a number that only one picture has
    summary = Summary()
    for part in parts:
        summary.add(part)
    found = summary.table()
    groups = pd.concat(parts).groupby(KEYS, dropna=False)["value"]
    expected = groups.agg(pictures="count", mean="mean", standard_deviation="std").reset_index()
    pd.testing.assert_frame_equal(found.sort_values(KEYS, ignore_index=True), expected, check_dtype=False, rtol=1e-9)
    assert found["pictures"].tolist() == [9, 9, 9, 9, 1]
    assert found["head"].tolist() == [0, 1, 2, pd.NA, 3]
    assert np.isnan(found["standard_deviation"].iloc[-1])


def test_no_table_has_no_means():
    assert Summary().table().empty

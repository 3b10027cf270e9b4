"""Many pictures: which are one job's, tables that survive a kill, and means in one pass."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.many_pictures.files import list_pictures
from analysis.many_pictures.means import KEYS, Summary
from analysis.many_pictures.part import Part
from analysis.many_pictures.tables import SCHEMA, DamagedTableError, PictureTables
from analysis.redundancy.ledger import COLUMNS
from analysis.redundancy.where import where_column


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a picture")


def test_folders_are_searched_at_any_depth_and_each_picture_counts_once(tmp_path):
    inside = [tmp_path / "a" / "1.JPEG", tmp_path / "a" / "b" / "2.png", tmp_path / "a" / "b" / "3.webp"]
    touch(*inside, tmp_path / "a" / "notes.txt", tmp_path / "z.jpg", tmp_path / "named.dat")
    (tmp_path / "a" / "folder.png").mkdir()
    named = [tmp_path / "z.jpg", tmp_path / "a", tmp_path / "a" / "b", tmp_path / "named.dat", tmp_path / "absent.png"]
    assert list_pictures(named).pictures == [
        tmp_path / "z.jpg",
        *inside,
        tmp_path / "named.dat",
        tmp_path / "absent.png",
    ]


def test_two_paths_to_one_picture_count_once(tmp_path, monkeypatch):
    touch(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    assert list_pictures([Path("a.png"), tmp_path / "a.png", tmp_path]).pictures == [Path("a.png")]


def test_a_folder_without_pictures_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no picture \(\.png, .*\); name another folder or the files"):
        list_pictures([tmp_path])


@pytest.mark.parametrize("of", [1, 3, 16])
def test_parts_share_the_pictures_out_evenly(of):
    pictures = [Path(f"{number}.png") for number in range(14)]
    parts = [Part(number, of).share(pictures) for number in range(1, of + 1)]
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
    frame = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("stderr", "where")])
    frame["stderr"] = np.nan
    frame = frame.astype({"stage": "Int64", "block": "Int64", "head": "Int64"})
    return frame.assign(where=where_column(frame))


@pytest.fixture
def tables(tmp_path):
    return PictureTables(tmp_path / "out", "settings")


def test_a_table_is_found_again(tables):
    assert tables.read("digest", "a.png") is None
    tables.write("digest", table([1.0, 2.0]))
    pd.testing.assert_frame_equal(tables.read("digest", "a.png"), table([1.0, 2.0]))


def test_other_settings_or_another_picture_are_something_else(tables, tmp_path):
    tables.write("digest", table([1.0, 2.0]))
    assert PictureTables(tmp_path / "out", "other settings").read("digest", "a.png") is None
    assert tables.read("digest of the edited picture", "a.png") is None


def test_a_copy_of_a_picture_has_its_table_under_its_own_name(tables):
    tables.write("digest", table([1.0, 2.0]))
    found = tables.read("digest", "elsewhere/copy.png")
    pd.testing.assert_frame_equal(found, table([1.0, 2.0], image="elsewhere/copy.png"))


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_torn_table_is_damaged_and_not_absent(tables, tmp_path, keep):
    tables.write("digest", table([1.0, 2.0]))
    (path,) = (tmp_path / "out").iterdir()
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DamagedTableError, match="cannot be read"):
        tables.read("digest", "a.png")


def test_an_empty_table_is_damaged(tables):
    tables.write("digest", table([1.0, 2.0]).iloc[:0])
    with pytest.raises(DamagedTableError, match="holds no table"):
        tables.read("digest", "a.png")


def test_a_write_that_fails_leaves_nothing(tables, tmp_path, monkeypatch):
    def full_disk(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stvit.atomic_files.os.fsync", full_disk)
    with pytest.raises(OSError, match="The disk is full"):
        tables.write("digest", table([1.0, 2.0]))
    assert not list((tmp_path / "out").iterdir())


def test_every_file_has_the_schema_of_the_ledger_also_without_any_head(tables, tmp_path):
    tables.write("digest", table([1.0], heads=(pd.NA,)))
    (path,) = (tmp_path / "out").iterdir()
    assert pq.read_schema(path) == SCHEMA
    assert tuple(SCHEMA.names) == COLUMNS
    assert {SCHEMA.field(name).type for name in ("stage", "block", "head")} == {pa.int8()}
    assert pd.read_parquet(path)["head"].dtype == "Int64"


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
    expected["where"] = where_column(expected)
    pd.testing.assert_frame_equal(found.sort_values(KEYS, ignore_index=True), expected, check_dtype=False, rtol=1e-9)
    assert found["pictures"].tolist() == [9, 9, 9, 9, 1]
    assert found["head"].tolist() == [0, 1, 2, pd.NA, 3]
    assert np.isnan(found["standard_deviation"].iloc[-1])


def test_no_table_has_no_means():
    assert Summary().table().empty

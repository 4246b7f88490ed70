"""Several processes: the same rows as one, whatever dies on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grandrounds.lake import Lake
from grandrounds.records.volume import VolumeRecord
from grandrounds.volumes import jobs, pool, reader
from grandrounds.volumes.jobs import NIFTI, READ, SERIES, SORT, FileOutcome, Job, JobFile, JobResult, Sorted
from grandrounds.volumes.pool import Pool
from grandrounds.volumes.reader import read_volumes
from grandrounds.volumes.sorting import parted
from tests.support.volumes import ramp, write_enhanced, write_nifti, write_series


def unread(result: JobResult) -> pool._Unread:
    return pool._Unread(jobs.dump_result(result))


def test_files_sorted_and_read_by_two_processes_give_the_rows_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    for number in range(6):
        write_series(folder / f"ct{number}", ramp((4, 8, 8)), series=number)
    write_enhanced(folder / "mr", ramp((3, 8, 8)), series="e")
    write_nifti(folder / "n.nii.gz", ramp((4, 4, 4)))
    (folder / "cut.dcm").write_bytes((folder / "ct0" / "I0.dcm").read_bytes()[:300])
    (folder / "notes.txt").write_text("no image")
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/odd\xff.dcm"))
    odd.write_bytes((folder / "mr" / "enhanced.dcm").read_bytes()[:-4])
    one = read_volumes(folder, lake=Lake(str(tmp_path / "l1")), workers=1)
    monkeypatch.setattr(reader, "_SMALL", -1)
    monkeypatch.setattr(reader, "_WORTH_STARTING", 1)
    monkeypatch.setattr(reader, "_SORTED_AT_ONCE", 2)
    two = read_volumes(folder, lake=Lake(str(tmp_path / "l2")), workers=2)
    assert one.volumes == two.volumes and one.files == two.files
    told = {row.file.name: row.reason for row in two.files}
    assert "the file ends before" in told["cut.dcm"] and "pixel data" in told["odd\\xff.dcm"]
    assert len(two.volumes) == 8
    again = read_volumes(folder, lake=Lake(str(tmp_path / "l2")), workers=2)
    assert again.volumes == two.volumes and again.files == two.files


def test_files_are_sorted_in_parts_that_keep_folders_whole() -> None:
    sizes = {"a": 3, "b": 5, "c": 1, "d": 30, "e": 2}
    files = [JobFile(name=f"{name}/{n}", path="x") for name, count in sizes.items() for n in range(count)]
    parts = [[file.name[0] for file in part] for part in parted(files, count=4)]
    assert ["".join(dict.fromkeys(part)) for part in parts] == ["ab", "cd", "d", "e"]
    assert [name for part in parts for name in part] == [file.name[0] for file in files]
    assert max(len(part) for part in parts) <= 16 and list(parted([], count=4)) == []


def test_a_file_that_ends_the_process_which_looks_at_it_costs_itself_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def attempt(self: object, job: Job) -> pool._Unread | str:
        if any(file.name == "bad" for file in job.files):
            return "It died."
        return unread(JobResult(sorted=tuple(Sorted(name=file.name, kind="nifti") for file in job.files)))

    monkeypatch.setattr(pool._Process, "_attempt", attempt)
    files = tuple(JobFile(name=name, path=name) for name in ("one", "bad", "two"))
    with Pool(2) as processes:
        work = [Job(kind=SORT, files=files, lake="")]
        ((_, result),) = processes.run(work, here=lambda _: JobResult(), harmless=lambda _: False)
    assert [(one.name, one.trouble) for one in result.sorted] == [
        ("one", ""),
        ("bad", "It died."),
        ("two", ""),
    ]


def test_a_job_that_ends_the_process_of_its_batch_costs_itself_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[str, ...]] = []

    def attempt(self: object, job: Job) -> pool._Unread | str:
        parts = job.parts or (job,)
        names = tuple(part.files[0].name for part in parts)
        sent.append(names)
        if "bad" in names:
            return "It died."
        results = tuple(JobResult(outcomes=(FileOutcome(name=name, status=READ),)) for name in names)
        return unread(JobResult(parts=results) if job.parts else results[0])

    monkeypatch.setattr(pool._Process, "_attempt", attempt)
    names = [f"f{number:02d}" for number in range(40)]
    names[3] = "bad"
    work = [Job(kind=NIFTI, files=(JobFile(name=name, path=name, size=9),), lake="") for name in names]
    mine = JobResult(outcomes=(FileOutcome(name="here", status=READ),))
    with Pool(2) as processes:
        found = dict(processes.run(work, here=lambda _: mine, harmless=lambda _: True))
    assert sorted(found) == list(range(40))
    ends = {name: found[place].outcomes[0] for place, name in enumerate(names)}
    assert all(end.status == READ for name, end in ends.items() if name != "bad")
    assert ends["bad"].name == "here" or ends["bad"].reason == "It died."
    assert any(len(one) > 1 for one in sent) and max(len(one) for one in sent) <= 8


@pytest.mark.parametrize("answer", [b"no json", b'{"records": [1]}', b'{"parts": []}'])
def test_an_answer_that_makes_no_sense_is_a_failed_file(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool._Process, "_attempt", lambda self, job: pool._Unread(answer))
    names = [f"f{number}" for number in range(20)]
    work = [Job(kind=SERIES, files=(JobFile(name=name, path=name, size=9),), lake="") for name in names]
    mine = JobResult(outcomes=(FileOutcome(name="here", status=READ),))
    with Pool(2) as processes:
        found = dict(processes.run(work, here=lambda _: mine, harmless=lambda job: job is not work[0]))
    assert sorted(found) == list(range(20))
    assert found[0].outcomes[0].status == "failed" and found[0].outcomes[0].name == "f0"
    assert {one.outcomes[0].status for one in found.values()} <= {"failed", READ}


def test_the_process_that_runs_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    empty = unread(JobResult())
    monkeypatch.setattr(pool._Process, "_attempt", lambda self, job: used.append(self) or empty)
    work = [Job(kind=NIFTI, files=(JobFile(name="one", path="one"),), lake="")]
    with Pool(3) as processes:
        for _ in range(3):
            list(processes.run(work, here=lambda _: JobResult(), harmless=lambda _: False))
        assert used == [processes._processes[0]] * 3


def test_a_pool_that_is_closed_while_it_starts_leaves_no_process() -> None:
    with Pool(3) as processes:
        processes.start()
        started = [one._process for one in processes._processes]
    assert started[2] is None
    assert all(one is not None and one.poll() is not None for one in started[:2])


def test_jobs_and_results_go_through_json_unchanged() -> None:
    image = VolumeRecord(
        volume_id="volume-1", source_ids=("s",), format="dicom", status="ok", shape=(1, 2, 3)
    )
    path = os.fsdecode(b"/a/\xff\xc3\xa9")
    job = Job(
        kind=SERIES, files=(JobFile(name="é", path=path, size=2, kind="dicom"),), lake="l", images=(image,)
    )
    assert jobs.load_job(jobs.dump_job(job)) == job
    batch = Job(kind=jobs.BATCH, files=(), lake="", parts=(job, job))
    assert jobs.load_job(jobs.dump_job(batch)) == batch and batch.size == 4
    result = JobResult(
        records=(image,), sorted=(Sorted(name="é", kind="dicom", plain=True),), lasting=False
    )
    assert jobs.load_result(jobs.dump_result(result)) == result
    several = JobResult(parts=(result, result))
    assert jobs.load_result(jobs.dump_result(several)) == several


def test_a_directory_of_dicom_files_is_called_one(tmp_path: Path) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.1.3.10")
    data.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.FileSetID = "FICTION"
    (tmp_path / "in").mkdir()
    data.save_as(tmp_path / "in" / "DICOMDIR", enforce_file_format=True)
    (row,) = read_volumes(tmp_path / "in", lake=Lake(str(tmp_path / "lake"))).files
    assert (row.status, row.reason) == ("passed_by", "DICOM directory: no image of a volume; listed.")

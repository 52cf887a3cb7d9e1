"""Files that are uploaded and given to runs: as bodies, as forms, and as forms that start runs."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import edge, graph
from tests.integration.service import Json, Service, running_service

CSV = b"a,b\n1,2\n"
READS = graph(
    [
        {"id": "n", "type": "test.emit", "params": {"value": {"$input": "table"}}},
        {"id": "r", "type": "test.read_sync"},
    ],
    [edge("n", "r", reference="@")],
)
INPUT = {"table": "data.csv"}


async def upload(service: Service, content: bytes = CSV, name: str = "data.csv") -> Json:
    headers = {"Content-Type": "text/csv"}
    answer = await service.http.post("/files", params={"name": name}, content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def refused(service: Service, **options: Any) -> tuple[int, str]:
    answer = await service.http.post("/files", **options)
    return answer.status_code, answer.json()["code"]


async def test_an_uploaded_file_is_an_artifact_of_the_runs_that_are_given_it(service: Service) -> None:
    file = await upload(service)

    runs = [await service.run(READS, INPUT, files=[file["file_id"]]) for _ in range(2)]

    assert (file["name"], file["media_type"], file["size"]) == ("data.csv", "text/csv", len(CSV))
    for run in runs:
        assert run["result"]["outputs"] == {"r": CSV.decode()}
        [kept] = (await service.http.get(f"/runs/{run['run_id']}/artifacts")).json()["artifacts"]
        assert (kept["node"], kept["name"], kept["media_type"]) == (None, "data.csv", "text/csv")
        assert (await service.http.get(kept["url"])).content == CSV
    assert (await service.http.delete(file["url"])).status_code == 204
    assert (await service.http.get(file["url"])).json()["code"] == "file_not_found"
    assert (await service.http.get(f"/runs/{runs[0]['run_id']}/artifacts/data.csv")).content == CSV


async def test_a_form_brings_a_file_of_any_size(service: Service) -> None:
    large = bytes(range(256)) * 4096

    answer = await service.http.post("/files", files={"file": ("bytes.bin", large, "application/x-bytes")})

    file = answer.json()
    assert (file["name"], file["media_type"], file["size"]) == ("bytes.bin", "application/x-bytes", len(large))
    assert (await service.http.get(file["url"])).json() == file


async def test_a_form_starts_a_run_with_its_files(service: Service) -> None:
    document = json.dumps({"graph": READS, "input": INPUT})
    form: list[Any] = [("file", ("data.csv", CSV, "text/csv")), ("file", ("more.txt", b"more", "text/plain"))]

    answer = await service.http.post("/runs", data={"run": document}, files=form)

    assert answer.status_code == 201, answer.text
    run = await service.ended(answer.json()["run_id"])
    assert run["result"]["outputs"] == {"r": CSV.decode()}
    kept = (await service.http.get(f"/runs/{run['run_id']}/artifacts")).json()["artifacts"]
    assert [file["name"] for file in kept] == ["data.csv", "more.txt"]


async def test_the_same_key_and_the_same_files_give_the_same_run(service: Service) -> None:
    async def start(content: bytes) -> Any:
        file = await upload(service, content)
        body = {"graph": READS, "input": INPUT, "files": [file["file_id"]]}
        return await service.http.post("/runs", json=body, headers={"Idempotency-Key": "files-once"})

    first, again, other = await start(CSV), await start(CSV), await start(b"other")

    assert first.json()["run_id"] == again.json()["run_id"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_run_that_is_refused_leaves_no_files(service: Service) -> None:
    file = await upload(service)

    for files, code in ((["f_" + "0" * 32], "file_not_found"), ([file["file_id"]] * 2, "invalid_file")):
        answer = await service.http.post("/runs", json={"graph": READS, "files": files})
        assert answer.json()["code"] == code


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 300])
async def test_a_file_needs_a_name_that_can_be_kept(service: Service, name: str) -> None:
    assert await refused(service, params={"name": name}, content=CSV) == (400, "invalid_file")


async def test_what_is_no_form_is_refused_with_a_reason(service: Service) -> None:
    for content_type, content in (
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\nabc"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nabc\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"a" * 20_000),
    ):
        answer = await refused(service, content=content, headers={"Content-Type": content_type})
        assert answer == (400, "malformed_form"), content[:50]


def form_of(*parts: tuple[str, str | None, bytes]) -> Json:
    """A form as it goes over the line: name, file name and content of each part."""
    body = b""
    for name, file, content in parts:
        filename = "" if file is None else f'; filename="{file}"'
        body += f'--x\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'.encode() + content + b"\r\n"
    return {"content": body + b"--x--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}


async def test_of_a_form_that_is_refused_behind_its_file_nothing_is_kept(
    temporal_client: Client, tmp_path: Path
) -> None:
    two = form_of(("file", "a.csv", CSV), ("file", "b.csv", CSV))
    cut = form_of(("file", "a.csv", CSV))
    async with running_service(temporal_client, tmp_path, worker=False) as service:
        for form in (two, cut | {"content": cut["content"].removesuffix(b"--\r\n")}):
            assert await refused(service, **form) == (400, "malformed_form")
            assert [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()] == []


async def test_a_form_has_one_request_for_a_run(service: Service) -> None:
    documents = [json.dumps({"graph": READS, "input": {"table": name}}).encode() for name in ("data.csv", "other")]
    form = form_of(*(("run", None, document) for document in documents), ("file", "data.csv", CSV))
    answer = await service.http.post("/runs", **form)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_form")


async def test_a_large_file_is_refused_while_it_comes(temporal_client: Client, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1000

    async with running_service(temporal_client, tmp_path, worker=False, max_file_bytes=10_000) as service:
        answer = await refused(service, params={"name": "large"}, content=endless())
        kept = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]

    assert answer == (413, "file_too_large")
    assert kept == []


async def test_an_upload_is_deleted_when_its_time_is_over(service: Service) -> None:
    file = await upload(service)
    uploads = service.services.uploads

    await uploads.collect(datetime.now(UTC), 1000)
    assert (await service.http.get(file["url"])).status_code == 200
    while await uploads.collect(datetime.now(UTC) + timedelta(hours=25), 1000):
        continue

    assert (await service.http.get(file["url"])).status_code == 404

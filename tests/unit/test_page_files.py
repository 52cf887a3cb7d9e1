"""The files of the page: where the libraries come from, and what a browser is told to load first."""

import hashlib
import json
from pathlib import Path

import pytest

from scripts.vendor import LIBRARIES, WEB
from wand_orchestrator.api.page.preloads import modules_of

VENDOR = WEB / "vendor"
ENTRIES = json.loads((VENDOR / "vendored.json").read_text())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_library_is_the_one_that_its_entry_names_with_its_licence(entry: dict[str, str]) -> None:
    assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert "Copyright" in (VENDOR / entry["licence_file"]).read_text()
    locked = json.loads((WEB / "package-lock.json").read_text())["packages"][f"node_modules/{entry['package']}"]
    assert locked["version"] == entry["version"]


def test_every_library_has_an_entry() -> None:
    assert {library.name + ".js" for library in LIBRARIES} == {entry["file"] for entry in ENTRIES}
    assert {path.name for path in VENDOR.glob("*.js")} == {entry["file"] for entry in ENTRIES}


def test_the_lock_of_the_tools_holds_no_address() -> None:
    assert "://" not in (WEB / "package-lock.json").read_text()


def test_modules_are_found_through_what_they_import_and_not_through_what_they_load_later(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "main.js").write_text('import { a } from "./parts/a.js";\nconst later = () => import("./later.js");\n')
    (tmp_path / "parts" / "a.js").write_text('export {\n  b,\n  c,\n} from "./b.js";\nimport "../main.js";\n')
    (tmp_path / "parts" / "b.js").write_text("export const b = 1;\nexport const c = 2;\n")
    assert modules_of(tmp_path, "main.js") == ["main.js", "parts/a.js", "parts/b.js"]


def test_every_import_of_the_page_is_a_file() -> None:
    every = [path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js") if "node_modules" not in path.parts]
    assert set(modules_of(WEB, *every)) == set(every)

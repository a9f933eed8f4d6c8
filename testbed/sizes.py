"""Bytes of what is deployed: zipped assets, and templates."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def zipped_bytes(folder: Path) -> int:
    """The size of a folder's zip file, made as the CDK makes it."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return zipped({str(file.relative_to(folder)): file for file in files})


def zipped(files: Mapping[str, Path]) -> int:
    """The size of a zip file as the CDK makes it: zlib's default level, a date of 1980.

    Without compiled modules: uv leaves none, and pip's would make boto3's larger by a twelfth.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, file in sorted(files.items()):
            if "__pycache__" not in file.parts:
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                target.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return len(archive.getvalue())


def minified_bytes(content: Any) -> int:
    """The size of JSON without what is there for people."""
    return len(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())

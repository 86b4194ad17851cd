"""Zip archives as torch's reader may see them.

Python and torch look for the directory of a zip file in different ways, so
that a file can show each of them other members. The archive that torch gets
here has a directory written anew from what has been checked: tensors and
``data.pkl``, stored without compression, apart from each other. Its members
stay where they are in the file.
"""
import io
import re
import struct
import zipfile

_KEPT = re.compile(r'data\.pkl|(\.data/)?version|byteorder|data/[^/]+')
_CHUNK = 2**22
_END = b'PK\5\6'
_MAX16, _MAX32 = 2**16 - 1, 2**32 - 1


def is_program(file):
    """bool: Whether a zip file holds TorchScript.

    Args:
        file (BinaryIO): The zip file.

    Raises:
        zipfile.BadZipFile: Not a zip file, or a damaged one.
    """
    with zipfile.ZipFile(file) as archive:
        return any(name.rpartition('/')[2] == 'constants.pkl'
                   for name in archive.namelist())


def open_data(file):
    """Open the data of an archive of ``torch.save`` or TorchScript.

    Args:
        file (BinaryIO): The zip file; must stay open.

    Returns:
        View: An archive without code for ``torch.load``.

    Raises:
        zipfile.BadZipFile: The file is damaged, is not written by torch, or
            could be read in two ways.
    """
    with zipfile.ZipFile(file) as archive:
        _check_end(file, archive.start_dir)
        members = _data_members(archive.infolist(), archive.start_dir)
        for member in members:
            _check_sum(archive, member)
        start = archive.start_dir
    return View(file, start, _directory(members, start))


def _check_end(file, start):
    """Refuse files whose directory depends on who looks for it."""
    file.seek(-22, io.SEEK_END)
    end = file.read(22)
    offset, comment = struct.unpack('<LH', end[16:])
    if end[:4] != _END or comment or offset not in (start, _MAX32):
        raise zipfile.BadZipFile('there are bytes where its directory, which '
                                 'must be the last part, would be')


def _data_members(members, end):
    """list[ZipInfo]: The data of an archive, checked, in its order."""
    roots = {member.orig_filename.partition('/')[0] for member in members}
    if len(roots) != 1 or '' in roots:
        raise zipfile.BadZipFile('its members are not in one folder')
    kept = sorted(
        (member for member in members
         if _KEPT.fullmatch(member.orig_filename.partition('/')[2])),
        key=lambda member: member.header_offset)
    names = [member.orig_filename for member in kept]
    if len(set(names)) < len(names):
        raise zipfile.BadZipFile('two members have the same name')
    for member, following in zip(kept, [
            *(other.header_offset for other in kept[1:]), end]):
        if member.flag_bits & 0x41:
            raise zipfile.BadZipFile(f'{member.filename} is encrypted')
        if member.compress_type != zipfile.ZIP_STORED or (
                member.compress_size != member.file_size):
            raise zipfile.BadZipFile(
                f'{member.filename} is compressed, which torch never does: '
                'unpack the archive and save its content with torch.save')
        if member.header_offset < 0 or (
                member.header_offset + 30 + member.file_size > following):
            raise zipfile.BadZipFile(f'{member.filename} overlaps another '
                                     'member')
    return kept


def _check_sum(archive, member):
    """Read a member once: torch itself does not compare check sums."""
    # zipfile compares them on reading, unless torch was told to write none.
    recorded, member.CRC = member.CRC, member.CRC or None
    try:
        with archive.open(member) as file:
            while file.read(_CHUNK):
                pass
    finally:
        member.CRC = recorded


def _directory(members, start):
    """bytes: Directory of members in a zip file of any size (zip64)."""
    entries = b''
    for member in members:
        name = member.orig_filename.encode()
        entries += struct.pack(
            '<4s6H3L5H2L', b'PK\1\2', 45, 45, 0x800, 0, 0, 0x21, member.CRC,
            _MAX32, _MAX32, len(name), 28, 0, 0, 0, 0, _MAX32) + name
        entries += struct.pack('<2H3Q', 1, 24, member.file_size,
                               member.file_size, member.header_offset)
    count, size = len(members), len(entries)
    return b''.join([
        entries,
        struct.pack('<4sQ2H2L4Q', b'PK\6\6', 44, 45, 45, 0, 0, count, count,
                    size, start),
        struct.pack('<4sLQL', b'PK\6\7', 0, start + size, 1),
        struct.pack('<4s4H2LH', _END, 0, 0, _MAX16, _MAX16, _MAX32, _MAX32,
                    0)])


class View(io.RawIOBase):
    """The beginning of a file, followed by other bytes.

    It has no file descriptor, so that torch does not try its oldest format,
    a tar archive.

    Args:
        file (BinaryIO): The file; must stay open.
        length (int): Bytes of it that are visible.
        tail (bytes): What follows.

    Attributes:
        last (int): Bytes of the last read.
    """

    def __init__(self, file, length, tail=b''):
        self._file, self._length, self._tail = file, length, tail
        self._position = self.last = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        start = (0, self._position,
                 self._length + len(self._tail))[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self):
        return self._position

    def readinto(self, buffer):
        buffer = memoryview(buffer).cast('B')
        self.last = 0
        left = self._length - self._position
        if left > 0:
            self._file.seek(self._position)
            self.last = self._file.readinto(buffer[:left])
        if self.last == max(left, 0):
            part = self._tail[max(-left, 0):][:len(buffer) - self.last]
            buffer[self.last:self.last + len(part)] = part
            self.last += len(part)
        self._position += self.last
        return self.last

"""Files that reach further than data may: each must be refused as it is.

``WRITERS`` maps a name to a function of a folder, which returns the file, and
the sentence that must come. What a file would do is visible: it makes
``FOLDER/victim``, changes an attribute, or crashes or stops the process.
"""
import io
import os
import pickle
import socket
import struct
import tarfile
import zipfile
from collections import Counter

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from programs import Program

WRITERS = {}
_LEGACY = [torch.serialization.MAGIC_NUMBER,
           torch.serialization.PROTOCOL_VERSION,
           dict(protocol_version=1001, little_endian=True,
                type_sizes=dict(short=2, int=4, long=4))]


class Call:
    """Unpickles as ``function(*arguments)``, then takes a state."""

    def __init__(self, function, *arguments, state=None):
        self.call = function, arguments, state

    def __reduce__(self):
        return self.call if self.call[2] is not None else self.call[:2]


def hostile(sentence):
    def register(writer):
        def write(folder):
            path = folder / f'{writer.__name__}.pth'
            return writer(path) or path

        WRITERS[writer.__name__] = write, sentence
        return writer

    return register


def global_(name):
    """The instruction for what a dotted name refers to."""
    module, _, name = name.rpartition('.')
    return f'c{module}\n{name}\n'.encode()


def plain(value):
    """The instructions of a pickled value, to be put into another pickle."""
    buffer = io.BytesIO()
    pickler = pickle._Pickler(buffer, 2)
    pickler.memoize = lambda value: None  # the memo is the outer pickle's
    pickler.dump(value)
    return buffer.getvalue()[2:-1]


def program(*parts):
    """A whole pickle."""
    return b'\x80\2' + b''.join(parts) + b'.'


def as_zip(path, data, **members):
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in {'data.pkl': data, 'version': '3\n',
                              'byteorder': 'little', **members}.items():
            archive.writestr(f'archive/{name}', content)


def as_legacy(path, data, keys=()):
    path.write_bytes(b''.join(pickle.dumps(value, 2) for value in _LEGACY)
                     + data + pickle.dumps(list(keys), 2))


def storage(kind, key, count, *more):
    """A pickled storage: its persistent id."""
    return (b'(' + plain('storage') + global_(f'torch.{kind}') + plain(key)
            + plain('cpu') + plain(count) + b''.join(map(plain, more)) + b'tQ')


def tensor(count, *more):
    """A pickled tensor of ``count`` floats in storage '0'."""
    return (global_('torch._utils._rebuild_tensor_v2') + b'('
            + storage('FloatStorage', '0', count, *more)
            + plain(0) + plain((count, )) + plain((1, )) + plain(False)
            + global_('collections.OrderedDict') + b')R' + b'tR')


# ------------------------------------------------------------------ pickles
@hostile(r'the program of a TorchScript|custom serialization')
def torchscript(path):
    torch.jit.script(Program(str(path.parent / 'victim'))).save(str(path))


@hostile('cannot be read.*its directory, which must be the last part')
def other_directory(path):
    """The last directory belongs to Python, the one it hides to torch."""
    torchscript(path)
    content = path.read_bytes()
    end = content.rfind(b'PK\5\6')
    size, offset = struct.unpack('<2L', content[end + 12:end + 20])
    with zipfile.ZipFile(io.BytesIO(), 'w') as archive:
        archive.writestr('archive/data.pkl', program(plain({})))
        archive.comment = b'-' * (size - 62)
        archive.close()
    hidden = (b'PK\1\2' + struct.pack('<4B4HL2L5H2L', 20, 0, 20, 0, 0, 0, 0,
                                      33, 0, 0, 0, 8, 0, size - 54, 0, 0, 0, 0)
              + b'data.pkl' + b'-' * (size - 54))
    path.write_bytes(content[:offset + size] + hidden + content[end:])


@hostile('was not loaded.*Can only build')
def state_of_a_function(path):
    """Attributes of a function that torch itself calls in every load."""
    as_zip(path, program(
        b'(', global_('torch._utils._rebuild_tensor_v2'),
        plain((None, dict(__defaults__=()))), b'b',
        global_('collections.Counter'),
        plain((None, dict(most_common=5, loaded=True))), b'b', b't'))


@hostile('was not loaded.*Only persistent_load of storage')
def source_of_a_module(path):
    """torch would write NAME.patch beside a module of another source."""
    as_legacy(path, program(
        b'(' + plain('module') + global_('collections.Counter')
        + plain('x.py') + plain('changed') + b'tQ'))


@hostile('was not loaded.*numpy.dtype')
def object_dtype(path):
    """Pointers in an array's bytes."""
    dtype = Call(np.dtype, 'O8', False, True,
                 state=(3, '|', None, None, None, -1, -1, 63))
    array = Call(np.empty(0).__reduce__()[0], np.ndarray, (0, ), b'b',
                 state=(1, (1, ), dtype, False, b'A' * 8))
    torch.save(dict(x=array), path)


@hostile('was not loaded.*numpy.dtype')
def fields_of_a_number(path):
    """A dtype of numbers with a field of objects."""
    dtype = Call(np.dtype, 'f8', False, True,
                 state=(3, '<', None, ('f', ), {'f': ('O', 0)}, 8, 1, 63))
    torch.save(dict(x=dtype), path)


@hostile('cannot be read')
def a_dtype_of_everybody(path):
    """The process's own float64, not a copy, gets flags and byte order."""
    torch.save([Call(np.dtype, 'f8', False, False, state=(
        3, '>', None, None, None, -1, -1, 63)), Call(np.dtype, 'f8', 1, 2, 3)],
        path)


@hostile('cannot be read')
def statistics_of_everybody(path):
    """mmengine would take statistics of its class from the file."""
    state = dict(statistics_methods=dict(mean=7), _log_history=[1])
    as_zip(path, program(
        global_('mmengine.logging.history_buffer.HistoryBuffer'), b')\x81',
        plain(state), b'b'))


@hostile('cannot be read|was not loaded.*a nested tensor')
def nested_tensor(path):
    """Its rows begin far outside of its memory."""
    torch.save(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
               path)
    with zipfile.ZipFile(path) as archive:
        members = {name.partition('/')[2]: archive.read(name)
                   for name in archive.namelist()}
    members = {name: struct.pack('<2q', 0, 2**40)
               if content == struct.pack('<2q', 0, 2) else content
               for name, content in members.items()}
    as_zip(path, members.pop('data.pkl'), **members)


@hostile('cannot be read|was not loaded')
def sparse_tensor_for_the_next_load(path):
    """torch checks sparse tensors at the end of a load: of the next one."""
    bad = torch.sparse_coo_tensor([[9]], [1.], (10, ))
    torch.save([bad, Call(os.getcwd)], path)
    with zipfile.ZipFile(path) as archive:
        members = {name.partition('/')[2]: archive.read(name)
                   for name in archive.namelist()}
    members = {name: struct.pack('<q', 2**40)
               if content == struct.pack('<q', 9) else content
               for name, content in members.items()}
    as_zip(path, members.pop('data.pkl'), **members)


@hostile('was not loaded.*a quantized tensor')
def quantized_tensor(path):
    torch.save(torch.quantize_per_tensor(torch.ones(3), .1, 0, torch.qint8),
               path)


@hostile('cannot be read')
def deep(path):
    as_zip(path, program(b']' * 10**5, b'a' * (10**5 - 1)))


@hostile('cannot be read')
def endless(path):
    """A list that contains itself."""
    as_zip(path, program(b']q\0h\0a'))


# ----------------------------------------------------------------- archives
@hostile('cannot be read.*is compressed')
def bomb(path):
    """A small file of 4 GB of zeros."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('archive/data.pkl', program(tensor(10**9)))
        archive.writestr('archive/version', '3\n')
        archive.writestr('archive/data/0', bytes(4 * 10**6))
    content = path.read_bytes()
    size = struct.pack('<L', 4 * 10**6)
    path.write_bytes(content.replace(size, struct.pack('<L', 4 * 10**9 - 96)))


@hostile('cannot be read.*overlaps another')
def overlapping(path):
    """Ten storages, one piece of the file."""
    as_zip(path, program(plain({})), **{
        f'data/{i}': bytes(500) for i in range(3)})
    content = path.read_bytes()
    here = [i for i in range(len(content))
            if content.startswith(b'archive/data/1', i)][-1]
    offset = content.index(b'archive/data/0') - 30
    path.write_bytes(content[:here - 4] + struct.pack('<L', offset)
                     + content[here:])


@hostile('cannot be read.*not in one folder')
def absolute_name(path):
    as_zip(path, program(plain({})))
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr('/etc/motd', 'x')


@hostile('cannot be read.*not in one folder')
def name_above(path):
    as_zip(path, program(plain({})))
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr('../victim', 'x')


@hostile('cannot be read.*same name')
def same_name(path):
    as_zip(path, program(plain({})))
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr('archive/data.pkl', program(plain([])))


@hostile('cannot be read.*encrypted')
def encrypted(path):
    as_zip(path, program(plain({})))
    content = path.read_bytes()
    path.write_bytes(content.replace(
        b'PK\1\2\x14\3\x14\0\0\0', b'PK\1\2\x14\3\x14\0\1\0'))


@hostile('cannot be read')
def comment(path):
    as_zip(path, program(plain({})))
    with zipfile.ZipFile(path, 'a') as archive:
        archive.comment = b'PK\5\6 and more'


@hostile('cannot be read')
def changed_numbers(path):
    """A bit of a weight has flipped since the file was written."""
    torch.save(dict(a=torch.full((8, ), 3.)), path)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack('<f', 3),
                                     struct.pack('<f', 3.5), 1))


@hostile('cannot be read')
def huge_storage(path):
    as_zip(path, program(tensor(2**40)), **{'data/0': bytes(16)})


@hostile('cannot be read')
def storage_beyond_its_member(path):
    """torch 2.6 would read the memory behind it."""
    as_zip(path, program(tensor(10**8)), **{'data/0': bytes(16)})


@hostile('cannot be read')
def storage_without_content(path):
    """Memory that nothing is read into."""
    as_legacy(path, program(tensor(1000, None)))


@hostile('cannot be read')
def huge_legacy_storage(path):
    as_legacy(path, program(tensor(2**50, None)), ['0'])


@hostile('cannot be read.*more storages')
def forgotten_storage(path):
    """Memory that nothing is read into."""
    as_legacy(path, program(tensor(4, None)))
    with path.open('ab') as file:
        file.write(struct.pack('<q', 4) + bytes(16))


# ------------------------------------------------------------- safetensors
def _safetensors(path, header, length=None):
    path.write_bytes(struct.pack('<Q', length or len(header)) + header
                     + bytes(16))


@hostile('cannot be read')
def huge_header(path):
    _safetensors(path, b'{}', 2**60)


@hostile('cannot be read')
def offsets_outside(path):
    _safetensors(path, b'{"a":{"dtype":"F32","shape":[1000000],'
                 b'"data_offsets":[0,4000000]}}')


@hostile('cannot be read')
def overlapping_tensors(path):
    _safetensors(path, b'{"a":{"dtype":"F32","shape":[4],"data_offsets":'
                 b'[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":'
                 b'[0,16]}}')


@hostile('cannot be read')
def deep_header(path):
    _safetensors(path, b'{"a":' * 10**5 + b'1' + b'}' * 10**5)


# --------------------------------------------------------- not even a file
@hostile('is a tar archive')
def tar_of_a_pipe(path):
    with tarfile.open(path, 'w') as archive:
        member = tarfile.TarInfo('storages')
        member.type = tarfile.FIFOTYPE
        archive.addfile(member)


@hostile('cannot be read')
def tar_that_begins_as_a_checkpoint(path):
    tar_of_a_pipe(path)
    content = bytearray(path.read_bytes())
    start = pickle.dumps(torch.serialization.MAGIC_NUMBER, 2)
    content[:len(start)] = start
    content[148:156] = b' ' * 8
    content[148:156] = b'%06o\0 ' % sum(content[:512])
    path.write_bytes(content)


@hostile('is a named pipe; expected')
def pipe(path):
    os.mkfifo(path)


@hostile('is a named pipe; expected')
def link_to_a_pipe(path):
    os.mkfifo(path.with_suffix('.pipe'))
    path.symlink_to(path.with_suffix('.pipe'))


@hostile('is a socket; expected')
def bound_socket(path):
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(str(path))


@hostile('is a device; expected')
def device(path):
    path.symlink_to('/dev/zero')


@hostile('is a folder; expected')
def folder(path):
    path.mkdir()


@hostile('cannot be read as')
def link_to_itself(path):
    path.symlink_to(path)


@hostile('is empty; expected')
def empty(path):
    path.touch()


@hostile('is a web page')
def web_page(path):
    path.write_text('\n<!DOCTYPE html>\n<title>404</title>')


@hostile('Git LFS pointer.*git lfs pull')
def lfs_pointer(path):
    path.write_text('version https://git-lfs.github.com/spec/v1\n'
                    f'oid sha256:{"0" * 64}\nsize 354355280\n')


@hostile('is text; expected')
def python_file(path):
    path.write_text('import os\nos.system("touch victim")\n')


@hostile('is a pickle that torch.save has not written')
def bare_pickle(path):
    path.write_bytes(pickle.dumps(Call(os.system, 'touch victim'), 2))


@hostile('is compressed; unpack it first')
def gzip(path):
    path.write_bytes(b'\x1f\x8b\x08' + bytes(100))


def loaded_attributes():
    """What the files above would change."""
    return repr([
        dict(vars(Counter)).keys(), Counter.__name__,
        torch._utils._rebuild_tensor_v2.__defaults__,
        HistoryBuffer._statistics_methods.keys(),
        [type(value).__name__ for value in
         HistoryBuffer._statistics_methods.values()],
        np.dtype('f8').flags, np.dtype('f8').byteorder,
        sorted(map(str, torch.serialization.get_safe_globals())),
        torch._utils._sparse_tensors_to_validate, os.getcwd()])

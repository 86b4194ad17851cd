"""clipzs web: what it refuses before it serves anything."""
import socket

from mmseg_clipzs.web.limits import Limits
from mmseg_clipzs.web.session import Session

from .table import Row, says, usage

WEB = 'web --config maskclip_toy'


def at_taken_port(box):
    from mmseg_clipzs.web.serve import served
    with socket.create_server(('127.0.0.1', 0)) as taken, served(
            'maskclip_toy', port=taken.getsockname()[1]):
        pass


def with_photo(limits, path):
    """Let a session take a photo."""
    def take(box):
        Session(box.folder, None, limits).set_photo(getattr(box, path))

    return take


ROWS = [
    Row('text_photo', with_photo(Limits(), 'text_file'),
        says('is not an image file')),
    Row('empty_photo', with_photo(Limits(), 'empty_file'),
        says('it is empty')),
    Row('cut_photo', with_photo(Limits(), 'cut_photo'), says('is damaged')),
    Row('large_photo', with_photo(Limits(max_bytes=9), 'photo'),
        says(r'The file has .* MB, but photos may have up to')),
    Row('many_pixels', with_photo(Limits(max_pixels=9), 'photo'),
        says(r'The photo has \d+ x \d+ pixels, but photos may have')),
    Row('port', f'{WEB} --port 99999', says(r'--port must be a whole number')),
    Row('port_text', f'{WEB} --port eighty', usage('invalid int value')),
    Row('host', f'{WEB} --host 192.0.2.1 --port 0',
        says(r'cannot be served at 192\.0\.2\.1:0: .*Choose another --host')),
    Row('no_host', f'{WEB} --host no.such.host.invalid',
        says(r'cannot be served at no\.such.*\. Choose another --host')),
    Row('empty_host', f"{WEB} --host ''",
        says('--host must be an address')),
    Row('taken', at_taken_port, says(r'in use.*Choose another --port')),
    Row('config', 'web --config maskclip_tpy',
        says('Did you mean maskclip_toy')),
    Row('onnx', 'web --config model.onnx', says('whose words are fixed')),
    Row('trained', 'web --config maskclip_plus_toy',
        says('classes of its training')),
    Row('clip', f'{WEB} --clip ViT-B-61:openai --port 0', says('ViT-B-16')),
    Row('device', f'{WEB} --device gpu0 --port 0', says('gpu0')),
    Row('max_size', f'{WEB} --max-size huge', usage('--max-size .*huge')),
    Row('max_words', f'{WEB} --max-words 0',
        says(r'--max-words must be a whole number in \[1, inf\), but got 0')),
    Row('max_bytes', f'{WEB} --max-bytes -5', says('--max-bytes must be')),
    Row('max_pixels', f'{WEB} --max-pixels 2e6', usage('invalid int value')),
    Row('seconds', f'{WEB} --seconds nan', says('--seconds must be a number')),
    Row('idle', f'{WEB} --idle 0', says('--idle must be a number')),
    Row('memory', f'{WEB} --memory inf', says('--memory must be a number')),
    Row('few_pixels', f'{WEB} --max-pixels 100 --port 0',
        says(r'no room for .* A zebra at sea\. The photo has 256 x 256')),
    Row('one_word', f'{WEB} --max-words 1 --port 0',
        says('no room for .* There are 3 words')),
    Row('visitors', f'{WEB} --visitors 0', says('--visitors must be a')),
    Row('max_letters', f'{WEB} --max-letters 0',
        says('--max-letters must be')),
]

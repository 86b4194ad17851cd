"""What the server refuses, and what it asks of browsers."""
import json

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

# Of Gradio, which the page does not need: lists of its handlers and other
# ways to call them, addresses that the server would fetch, recordings that it
# would convert, and figures about visitors.
_REFUSED = tuple(f'/gradio_api/{name}' for name in (
    'api', 'call', 'custom_component', 'deep_link', 'file=http', 'info',
    'openapi.json', 'process_recording', 'proxy', 'queue/status',
    'run', 'vibe')) + ('/docs', '/monitoring', '/openapi.json', '/redoc')
# The page asks nothing of other machines, whatever words or names of files
# are in it. Gradio runs the scripts of its parts by eval.
_POLICY = '; '.join((
    "default-src 'self' data: blob:",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src 'self' 'unsafe-inline'", "object-src 'none'",
    "base-uri 'self'", "form-action 'self'"))
_MORE = 100_000  # bytes of a request around words and photos
_HEADERS = {'Content-Security-Policy': _POLICY,
            'Referrer-Policy': 'no-referrer',
            'X-Content-Type-Options': 'nosniff'}


class Guard:
    """Middleware (ASGI) of the page's server.

    Args:
        app (Callable): Gradio's server.
        limits (Limits): What a visitor may ask for.
        uploads (Uploads): Told of the files that come.
    """

    def __init__(self, app, limits, uploads):
        self._app, self._uploads = app, uploads
        self._most_file = limits.max_bytes + _MORE
        # A letter has up to 12 bytes in JSON.
        self._most = 12 * limits.max_words * limits.max_letters + _MORE

    async def __call__(self, scope, receive, send):
        async def send_with_headers(message):
            if message['type'] == 'http.response.start':
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        if scope['type'] != 'http':
            await self._app(scope, receive, send)
            return
        app, most = self._app, self._most
        if _is_refused(scope['path']):
            app = PlainTextResponse('Not found', 404)
        elif scope['method'] == 'POST' and scope['path'].endswith('/upload'):
            app, most = self._upload, self._most_file
        if _length(scope) > most:
            app = PlainTextResponse('Too large', 413)
        await app(scope, _limited(receive, most), send_with_headers)

    async def _upload(self, scope, receive, send):
        """Let Gradio receive a file, and note it before the browser knows."""
        if not self._uploads.has_room():
            await PlainTextResponse('Too many files', 503)(
                scope, receive, send)
            return
        with self._uploads.receiving():
            messages = []

            async def keep(message):
                messages.append(message)

            await self._app(scope, receive, keep)
            start, *parts = messages
            body = b''.join(each.get('body', b'') for each in parts)
            if start['status'] == 200:
                body = json.dumps(
                    self._uploads.note(json.loads(body))).encode()
                MutableHeaders(scope=start)['Content-Length'] = str(len(body))
        await send(start)
        await send({'type': 'http.response.body', 'body': body})


def _length(scope):
    """int: What a request says it has, in bytes."""
    length = dict(scope['headers']).get(b'content-length', b'')
    return int(length) if length.isdigit() else 0


def _limited(receive, most):
    """Callable: Receives a request of up to so many bytes."""
    read = 0

    async def receive_part():
        nonlocal read
        message = await receive()
        read += len(message.get('body', b''))
        if read > most:
            raise HTTPException(413)
        return message

    return receive_part


def _is_refused(path):
    # A name may be followed by a slash, or by what is asked for.
    return f'/{path.lstrip("/")}'.lower().startswith(_REFUSED)

"""What the server refuses, and what it asks of browsers."""
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
_HEADERS = {'Content-Security-Policy': _POLICY,
            'Referrer-Policy': 'no-referrer',
            'X-Content-Type-Options': 'nosniff'}


class Guard:
    """Middleware (ASGI) of the page's server.

    Args:
        app (Callable): Gradio's server.
    """

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        async def send_with_headers(message):
            if message['type'] == 'http.response.start':
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        app = self._app
        if scope['type'] == 'http' and _is_refused(scope['path']):
            app = PlainTextResponse('Not found', 404)
        await app(scope, receive, send_with_headers)


def _is_refused(path):
    # A name may be followed by a slash, or by what is asked for.
    return f'/{path.lstrip("/")}'.lower().startswith(_REFUSED)

"""A web server on this machine, for downloads."""
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """What the server answers.

    Attributes:
        address (str): 'http://127.0.0.1:PORT'.
        files (dict[str, bytes]): Content by path (with its query).
        asked (list[str]): Paths of the requests so far.
        kind (str): Content type of the answers.
        length (int | None): Content-Length that is claimed.
        silent (bool): Accept requests and never answer.
        stalls (bool): Never end an answer.
        refusals (dict[str, tuple]): Status and headers by path.
    """

    def __init__(self, address):
        self.address, self.files, self.asked = address, {}, []
        self.kind, self.length = 'application/zip', None
        self.silent = self.stalls = False
        self.refusals = {}


@contextmanager
def serve():
    """Yields: Web."""
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):

        def do_GET(self):
            web.asked.append(self.path)
            if web.silent:
                done.wait()
                return
            if self.path in web.refusals:
                status, headers = web.refusals[self.path]
                self.send_response(status)
                for header in headers.items():
                    self.send_header(*header)
                self.send_header('Content-Length', 0)
                self.end_headers()
                return
            if self.path not in web.files:
                self.send_error(404)
                return
            content = web.files[self.path]
            self.send_response(200)
            self.send_header('Content-Type', web.kind)
            self.send_header('Content-Length', web.length or len(content))
            self.end_headers()
            self.wfile.write(content)
            if web.stalls:
                self.wfile.flush()
                done.wait()

        do_HEAD = do_GET  # of refusals

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    web = Web(f'http://127.0.0.1:{server.server_port}')
    thread = threading.Thread(target=server.serve_forever, args=(.01, ))
    thread.start()
    try:
        yield web
    finally:
        done.set()
        server.shutdown()
        server.server_close()
        thread.join()

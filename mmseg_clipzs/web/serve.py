"""Serve the page, until it is stopped."""
import errno
import io
import logging
import os
import socket
from contextlib import ExitStack, contextmanager, redirect_stdout

import gradio as gr
from gradio import routes
from mmengine.logging import MMLogger
from starlette.middleware import Middleware

from mmseg_clipzs.utils import AUTO, UserError, temporary_folder

from .answering import Answering
from .catalogue import Catalogue
from .examples import draw_examples
from .guard import Guard
from .limits import Limits
from .look import look
from .models import Models
from .page import make_page
from .regularly import regularly
from .sessions import Sessions
from .uploads import Uploads

# Which Gradio's tells screen readers, and has no words for.
_TEXTS = gr.I18n(en={'common.complete': 'Done'})
LOCAL = '127.0.0.1'
PORT = 7860
_DEFAULT = 'DEFAULT_TEMP_DIR'


@contextmanager
def served(config, clips=(), device=None, max_size=AUTO, host=LOCAL,
           port=PORT, share=False, limits=None):
    """Serve the page while a block runs.

    Args:
        config (str): Name of a config of a zero-shot model.
        clips (Sequence[str]): More CLIPs for its menu, ``MODEL:WEIGHTS``.
        device (str, optional): See ``ZeroShotInferencer``.
        max_size (int | str | None): See ``ZeroShotInferencer``.
        host (str): Address to listen at; ``0.0.0.0`` is all of the machine's.
        port (int): 0 to 65535; 0 is any free one.
        share (bool): Whether Gradio's servers pass a public address on to
            this page for three days.
        limits (Limits, optional): What a visitor may ask for.

    Yields:
        str: The page's address; with ``share`` the public one.

    Raises:
        UserError: The model cannot be built, the page cannot be served there,
            or its own examples are beyond the limits.
    """
    limits = limits or Limits()
    with ExitStack() as stack:
        _free_port(host, port)
        folder = stack.enter_context(temporary_folder())
        folder.chmod(0o700)  # visitors' photos
        stack.enter_context(_environment(
            GRADIO_TEMP_DIR=str(folder), GRADIO_ANALYTICS_ENABLED='False'))
        # Gradio has read the variable when it was imported, too.
        stack.callback(setattr, routes, _DEFAULT, getattr(routes, _DEFAULT))
        setattr(routes, _DEFAULT, str(folder))
        catalogue = Catalogue(config, clips)
        models = Models(catalogue, device, max_size)
        examples = draw_examples(_made(folder / 'examples'))
        for each in examples:
            each.check(limits)
        # Builds the model and embeds the first words: mistakes end it here,
        # and nobody has to wait for it later.
        with _naming_a_way_without_download(catalogue):
            models.predict(catalogue.default, models.encode(
                catalogue.default, examples[0].path), examples[0].words)
        stack.enter_context(_only_errors())
        sessions = stack.enter_context(Sessions(limits, folder))
        uploads = Uploads(folder, limits)
        stack.enter_context(regularly(uploads.sweep, 60))
        page = make_page(Answering(models, catalogue, limits, max_size),
                         sessions, uploads, examples, limits)
        stack.callback(_close, page)
        _, local, public = _launch(
            page, host, port, share=share, quiet=True,
            **look(), i18n=_TEXTS, prevent_thread_lock=True, footer_links=[],
            run_history=False, enable_monitoring=False, ssr_mode=False,
            pwa=False, mcp_server=False, max_file_size=limits.max_bytes,
            state_session_capacity=limits.visitors,
            app_kwargs=dict(
                middleware=[Middleware(Guard, limits, uploads)],
                docs_url=None, redoc_url=None, openapi_url=None))
        if share and not public:
            raise UserError(
                "Gradio's servers give no public address: leave --share out, "
                'or look whether this machine reaches the internet.')
        yield public or local


def _made(folder):
    folder.mkdir()
    return folder


@contextmanager
def _naming_a_way_without_download(catalogue):
    is_here = catalogue.is_here(catalogue.default)
    try:
        yield
    except UserError as e:
        raise e if is_here else UserError(
            f'{e} The page without any download: clipzs web --config '
            'maskclip_toy.') from e


@contextmanager
def _only_errors():
    """Keep visitors' words, which warnings quote, out of the log."""
    log = MMLogger.get_current_instance()
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _close(page):
    """Stop serving, also while a model computes."""
    if not page.is_running:
        return
    page.server.force_exit = True  # does not wait for answers
    log = logging.getLogger('uvicorn.error')
    log.disabled = True  # it would trace each of them
    page.close(verbose=False)
    log.disabled = False


def _launch(page, host, port, **options):
    """tuple: As of ``gr.Blocks.launch``, at the port or, for 0, a free one."""
    # Looked for now: building the model has taken a while.
    port = _free_port(host, port)
    try:
        with redirect_stdout(io.StringIO()):  # what Gradio says of `share`
            return page.launch(server_name=host, server_port=port, **options)
    except OSError as e:
        raise _unusable(host, port, OSError(
            errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))) from e


def _free_port(host, port):
    """int: The port, or a free one for 0.

    Gradio would say of a taken one only that none is free.
    """
    try:
        with socket.create_server((host, port)) as server:
            return server.getsockname()[1]
    except OSError as e:
        raise _unusable(host, port, e) from e


def _unusable(host, port, error):
    advice = '--port, or 0 for any free one' if error.errno in (
        errno.EADDRINUSE, errno.EACCES) else '--host'
    return UserError(
        f'The page cannot be served at {host}:{port}: {error.strerror}. '
        f'Choose another {advice}.')


@contextmanager
def _environment(**values):
    """Set variables of the environment for a block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

"""Python programs in their own processes, without seconds of imports.

A server, which has imported the libraries but not this package, is forked for
each program. Only what must hold for a process that a user starts needs more.
"""
import atexit
import contextlib
import copy
import gc
import multiprocessing
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from multiprocessing import connection
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import torch

ROOT = Path(__file__).parent.parent
LIBRARIES = ['torch.distributed.run', 'mmengine.runner', 'mmcv', 'open_clip',
             'matplotlib.pyplot', 'scipy.ndimage', 'sklearn', 'webdataset',
             'nltk']
DISTRIBUTED = ('RANK', 'LOCAL_RANK', 'WORLD_SIZE')
_server = multiprocessing.get_context('forkserver')
# CUDA cannot be forked, and the libraries look for it.
_server.set_forkserver_preload(
    [] if torch.cuda.is_available() else LIBRARIES)


def run_python(*arguments, processes=1, env=None, cwd=ROOT):
    """Run ``python ARGUMENTS``: a script, or ``-c`` and code.

    Args:
        arguments: As on the command line.
        processes (int): With more than one, each has the environment of
            ``torchrun --nproc_per_node`` and all end with the first failure.
        env (dict, optional): Changes of the environment.
        cwd (Path): Working folder.

    Returns:
        subprocess.CompletedProcess: The exit code (1 if one of several
        processes fails) and the output as text.
    """
    with start_python(*arguments, processes=processes, env=env,
                      cwd=cwd) as program:
        return program.wait()


@contextlib.contextmanager
def start_python(*arguments, processes=1, env=None, cwd=ROOT):
    """As :func:`run_python`; the running program, which ends with the block.

    Yields:
        Program: Its ``wait()`` returns the result.
    """
    arguments = list(map(str, arguments))
    env = {**{key: value for key, value in os.environ.items()
              if key not in DISTRIBUTED},
           'OMP_NUM_THREADS': '1', **(env or {})}
    env['PYTHONPATH'] = os.pathsep.join(filter(None, [
        env.get('PYTHONPATH'), str(ROOT)]))
    if processes > 1:
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            env.update(MASTER_ADDR='127.0.0.1', WORLD_SIZE=str(processes),
                       MASTER_PORT=str(free.getsockname()[1]))
    program = Program(arguments)
    try:
        for rank in range(processes):
            ranks = dict(RANK=str(rank), LOCAL_RANK=str(rank))
            program.start({**env, **(ranks if processes > 1 else {})}, cwd)
        program.listen()
        yield program
    finally:
        program.kill()


class Program:
    """One or several running processes."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.children, self.texts = [], [bytearray(), bytearray()]
        self.pipes = [_server.Pipe(duplex=False) for _ in self.texts]

    def start(self, env, cwd):
        child = _server.Process(target=_run, args=(
            self.arguments, env, str(cwd), [end for _, end in self.pipes]))
        with _one_thread():
            child.start()
        self.children.append(child)

    def listen(self):
        """Read the output until all processes that write it have ended."""
        def read(pipe, text):
            with open(pipe.fileno(), 'rb', buffering=0, closefd=False) as file:
                while more := file.read(2**16):
                    text += more

        self.readers = []
        for (pipe, end), text in zip(self.pipes, self.texts):
            end.close()
            self.readers.append(Thread(target=read, args=(pipe, text)))
            self.readers[-1].start()

    def output(self):
        """list[str]: Standard output and error until now."""
        return [text.decode(errors='replace') for text in self.texts]

    def wait(self):
        """subprocess.CompletedProcess: The result of the whole program."""
        running = {child.sentinel: child for child in self.children}
        while running:
            for sentinel in connection.wait(running):
                child = running.pop(sentinel)
                child.join()
                if child.exitcode:
                    self.kill()
        for reader in self.readers:
            reader.join()
        codes = [child.exitcode for child in self.children]
        code = codes[0] if len(codes) == 1 else int(any(codes))
        return subprocess.CompletedProcess(
            self.arguments, code, *self.output())

    def kill(self):
        for child in self.children:
            if child.is_alive():
                child.kill()
                child.join()


@contextlib.contextmanager
def _one_thread():
    """The server reads the environment when it starts."""
    old = os.environ.get('OMP_NUM_THREADS')
    os.environ['OMP_NUM_THREADS'] = '1'
    yield
    if old is None:
        del os.environ['OMP_NUM_THREADS']
    else:
        os.environ['OMP_NUM_THREADS'] = old


def _run(arguments, env, cwd, pipes):
    for number, pipe in zip((1, 2), pipes):
        os.dup2(pipe.fileno(), number)
        pipe.close()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    multiprocessing.set_start_method(None, force=True)  # the usual one
    do_not_wait()
    script, *sys.argv[1:] = arguments
    paths = env['PYTHONPATH'].split(os.pathsep)
    sys.path[:] = paths + [path for path in sys.path if path not in paths]
    try:
        if script == '-c':
            code, *sys.argv[1:] = sys.argv[1:]
            sys.argv[0] = script
            exec(compile(code, '<string>', 'exec'), dict(__name__='__main__'))
        else:
            sys.argv[0] = script
            sys.path.insert(0, str(Path(script).resolve().parent))
            runpy.run_path(script, run_name='__main__')
    finally:
        atexit._run_exitfuncs()  # multiprocessing leaves them out


def do_not_wait():
    """Leave out what the toolbox spends on other things than results.

    mmengine waits for two seconds after each epoch, formats each config that
    it logs, and collects garbage for each dataset, here without all that has
    been imported. torch waits for five seconds for each worker whose loader
    failed and is freed by the garbage collector.
    """
    from mmengine.config import config
    from mmengine.runner import loops
    from torch.utils import data
    gc.freeze()
    config.FormatCode = lambda text, **style: (text, True)
    loops.time = SimpleNamespace(**{
        **vars(time), 'sleep': lambda seconds: None})
    data._utils.MP_STATUS_CHECK_INTERVAL = 0.1
    config.Config._file2dict = staticmethod(
        _parsed_once(config.Config._file2dict))


def _parsed_once(parse):
    """mmengine's parser of files, which returns copies of what it knows.

    The project's configs, which no test changes, are read thousands of times.
    """
    known, configs = {}, str(ROOT / 'configs') + os.sep

    def read(filename, *args, **kwargs):
        key = os.path.abspath(filename), args, tuple(kwargs.items())
        if not key[0].startswith(configs):
            return parse(filename, *args, **kwargs)
        if key not in known:
            known[key] = parse(filename, *args, **kwargs)
        return copy.deepcopy(known[key])

    return read

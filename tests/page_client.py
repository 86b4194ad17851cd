"""A visitor of a Gradio page without a browser: the protocol of its queue."""
import json
import secrets
import socket
from pathlib import Path

import httpx
from gradio_client.utils import apply_diff

API = '/gradio_api'


class PageError(Exception):
    """An event of the page ended in an error instead of an answer."""


class PageClient:
    """One open page: its session, and the values of its components.

    As the page's script does, it sends the present values of an event's
    inputs and keeps its outputs. Scripts of the page itself are not run.

    Args:
        address (str): Of the page.
    """

    def __init__(self, address):
        self.session = secrets.token_urlsafe(8)
        self._http = httpx.Client(
            base_url=address, timeout=120, trust_env=False)
        config = self._http.get('/config').raise_for_status().json()
        self._dependencies = config['dependencies']
        self._props = {each['id']: dict(each['props'])
                       for each in config['components']}
        self._ids = {props['elem_id']: key
                     for key, props in self._props.items()
                     if props.get('elem_id')}
        # Its end tells the page of the visitor's.
        url = self._http.base_url
        self._presence = socket.create_connection((url.host, url.port), 60)
        self._presence.sendall(
            f'GET {API}/heartbeat/{self.session} HTTP/1.1\r\n'
            f'Host: {url.host}:{url.port}\r\n\r\n'.encode())
        self._presence.recv(1)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.leave()

    def leave(self):
        """Close the page."""
        self._presence.close()
        self._http.close()

    def prop(self, name, prop='value'):
        """A property of a component, by its ``elem_id``."""
        return self._props[self._ids[name]].get(prop)

    def set(self, name, value):
        """Change the value of a component, without any event."""
        self._props[self._ids[name]]['value'] = value

    def upload(self, path):
        """dict: The value of a component of files."""
        path = Path(path)
        stored, = self._http.post(f'{API}/upload', files={
            'files': (path.name, path.read_bytes())
        }).raise_for_status().json()
        return dict(path=stored, orig_name=path.name,
                    meta={'_type': 'gradio.FileData'})

    def download(self, file):
        """bytes: Content of a file that a component offers."""
        return self._http.get(
            f'{API}/file={file["path"]}').raise_for_status().content

    def fire(self, event, name=None, data=None):
        """Let an event happen, and those that follow it.

        Args:
            event (str): Such as 'click'; 'load' has no component.
            name (str, optional): ``elem_id`` of the component.
            data (optional): What the event carries.

        Raises:
            PageError: There is no such event, or it failed.
        """
        where = None if name is None else self._ids[name]
        mine = [each for each in self._dependencies
                if any(then == event and where in (None, key)
                       for key, then in each['targets'])]
        if not mine:
            raise PageError(f'nothing happens on {event} of {name}')
        while mine:
            first = mine.pop(0)
            if first['backend_fn']:
                self._run(first, where, data)
            mine += [each for each in self._dependencies
                     if each['trigger_after'] == first['id']]

    def _run(self, dependency, where, data):
        self._http.post(f'{API}/queue/join', json=dict(
            data=[self._props[key].get('value')
                  for key in dependency['inputs']],
            event_data=data, fn_index=dependency['id'], trigger_id=where,
            session_hash=self.session)).raise_for_status()
        with self._http.stream('GET', f'{API}/queue/data', params=dict(
                session_hash=self.session)) as answer:
            outputs = None
            for line in answer.iter_lines():
                if line.startswith('data:'):
                    outputs = _outputs(json.loads(line[5:]), outputs)
                    for key, value in zip(dependency['outputs'],
                                          outputs or ()):
                        self._take(self._props[key], value)

    def _take(self, props, value):
        if isinstance(value, dict) and value.get('__type__') == 'update':
            props.update(value)
        else:
            props['value'] = value


def _outputs(message, before):
    """list | None: Outputs of an event after another message about it."""
    if message['msg'] == 'unexpected_error' or not message.get(
            'success', True):
        raise PageError(str(message))
    if message['msg'] not in ('process_generating', 'process_completed'):
        return before  # places in the queue
    data = message['output']['data']
    if message['msg'] == 'process_completed' or before is None:
        return data
    return [apply_diff(old, diff) for old, diff in zip(before, data)]

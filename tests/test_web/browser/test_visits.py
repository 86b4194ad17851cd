"""What the visits of the other tests notice."""
import pytest
from browsing import Visit
from web_server import serve


@pytest.fixture
def look(browser):
    """Visits a page with an HTML body; returns the Visit."""
    visits = []
    with serve() as server:
        server.kind = 'text/html'

        def open_page(body):
            server.files['/'] = (
                f'<!DOCTYPE html><link rel="icon" href="data:,">{body}'
            ).encode()
            visits.append(Visit(browser))
            visits[-1].page.goto(server.address, wait_until='networkidle')
            return visits[-1]

        yield open_page
        for visit in visits:
            visit.context.close()


def test_a_good_page_has_no_faults(look):
    visit = look('<p>Good</p><img src="data:image/png;base64,AA==">')
    assert visit.page.inner_text('p') == 'Good'
    assert not visit.faults()
    assert len(visit.requests) >= 1


@pytest.mark.parametrize('body, fault', [
    ('<link rel="stylesheet" href="https://fonts.example/font.css">',
     'left the machine: https://fonts.example/font.css'),
    ('<script>fetch("http://192.0.2.1/count").catch(() => 0)</script>',
     'left the machine: http://192.0.2.1/count'),
    ('<script>new WebSocket("ws://stats.example/")</script>',
     'left the machine: ws://stats.example/'),
    ('<script>console.error("not so")</script>', 'console: not so'),
    ('<script>throw new Error("mine")</script>', 'uncaught: mine'),
    ('<script>Promise.reject(new Error("late"))</script>', 'uncaught: late'),
    ('<img src="/missing.png">', 'console: Failed to load resource: the '
     'server responded with a status of 404 (Not Found)')])
def test_faults(look, body, fault):
    visit = look(body)
    assert fault in visit.faults(), visit.faults()

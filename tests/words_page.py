"""The page to try words on a photo, as a visitor uses it."""
from pathlib import Path


class WordsPage:
    """What a visitor sees and does, in a browser.

    Args:
        page: Playwright's page.
        address (str): Of the page; it is opened.
    """

    def __init__(self, page, address):
        from playwright.sync_api import expect
        self.page, self._expect = page, expect
        expect.set_options(timeout=20_000)
        self.viewer = page.locator('#viewer')
        self.message = page.get_by_role('alert')
        page.goto(address)
        # The first result, which nothing else leads to.
        self.viewer.locator('tbody tr').first.wait_for()
        page.locator('#words .words-text').first.wait_for()

    # ------------------------------------------------------------ what it is
    def words(self):
        """list[str]: Texts of the rows of words."""
        return [each.input_value() for each in self.page.locator(
            '#words .words-text').all()]

    def opacity(self):
        """float: Of the colours over the photo."""
        return int(self.viewer.locator('.opacity').input_value()) / 100

    def command(self):
        """str: The command line that makes the result again."""
        return self._code('command')

    def python(self):
        """str: The program that does."""
        return self._code('python')

    def _code(self, name):
        return '\n'.join(self.page.locator(
            f'#{name} .cm-line').all_inner_texts())

    def wait_for(self, *results):
        """Wait until the table shows Python's results, one or two.

        Args:
            results (ZeroShotResult): With the classes and shares of the table.
        """
        first, *_ = results
        for name in first.classes:
            self._expect(self.row(name).locator('td')).to_have_text([
                *(text for result in results
                  for text in percents(result)[name]), 'Show'])
        self._expect(self.viewer.locator('tbody tr')).to_have_count(
            len(first.classes))

    def row(self, name):
        """Row of a class in the table of shares."""
        return self.viewer.locator('tbody tr').filter(
            has=self.page.get_by_text(name, exact=True))

    def wait_for_message(self, text=''):
        """Wait for a sentence with a text; by default for none."""
        if text:
            self._expect(self.message).to_contain_text(text)
        else:
            self._expect(self.message).to_have_text('')

    def wait_for_text(self, selector, text):
        """Wait until an element has a text."""
        self._expect(self.page.locator(selector)).to_have_text(text)

    # ------------------------------------------------------------- to do
    def choose_photo(self, path):
        """Choose a file as photo."""
        self.page.locator('#photo input[type=file]').set_input_files(path)

    def write_words(self, *texts):
        """Replace all rows of words."""
        while len(self.words()) > 1:
            self.page.locator('#words .words-remove').last.click()
        first = self.page.locator('#words .words-text').first
        first.fill('; '.join(texts))
        first.press('Tab')

    def set_background(self, value):
        """Move the slider of the threshold, by its number."""
        number = self.page.locator('#background input[type=number]')
        number.fill(str(value))
        number.press('Tab')

    def press_until(self, selector, key='Tab'):
        """Press a key until an element that fits is focused."""
        for _ in range(100):
            self.page.keyboard.press(key)
            if self.page.evaluate(
                    'selector => document.activeElement.matches(selector)',
                    selector):
                return
        raise AssertionError(f'{key} does not lead to {selector}')

    def choose(self, menu, title):
        """Choose an entry of a menu."""
        self.page.locator(f'#{menu} input').click()
        self.page.get_by_role('option', name=title, exact=True).click()

    def take(self, kind, folder):
        """Path: The file that a button gives, by its own name."""
        with self.page.expect_download() as download:
            self.page.locator(f'#file-{kind}').click()
        path = Path(folder) / download.value.suggested_filename
        download.value.save_as(path)
        return path


def percents(result):
    """dict[str, list[str]]: A result's shares and confidences, as shown."""
    def percent(value):
        return '<1 %' if 0 < value < .01 else f'{int(100 * value + .5)} %'

    shown = {}
    for i, name in enumerate(result.classes):
        here = result.mask == i
        shown[name] = [percent(here.mean()), percent(
            result.confidence[here].mean(dtype=float)) if here.any() else '–']
    return shown

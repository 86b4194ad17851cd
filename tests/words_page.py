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

    # ------------------------------------------------------------ what it is
    def classes(self):
        """list[str]: Of the table of shares."""
        return self.viewer.locator('tbody th bdi').all_inner_texts()

    def shares(self):
        """dict[str, str]: Shares by class, such as '13 %'."""
        return {row.locator('th bdi').inner_text():
                row.locator('td').first.inner_text().strip()
                for row in self.viewer.locator('tbody tr').all()}

    def words(self):
        """list[str]: Texts of the rows of words."""
        return [each.input_value() for each in self.page.locator(
            '#words .words-text').all()]

    def wait_for(self, classes):
        """Wait until the table has these classes, in this order."""
        self._expect(self.viewer.locator('tbody th bdi')).to_have_text(
            classes)

    def wait_for_message(self, text):
        """Wait for a sentence with a text; '' for none."""
        if text:
            self._expect(self.message).to_contain_text(text)
        else:
            self._expect(self.message).to_have_text('')

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

    def take(self, kind, folder):
        """Path: The file that a button gives, by its own name."""
        with self.page.expect_download() as download:
            self.page.locator(f'#file-{kind}').click()
        path = Path(folder) / download.value.suggested_filename
        download.value.save_as(path)
        return path

"""Practice: a mixed quiz, what was done in all lessons, and worksheets."""

from ui import open_page
from ui.practice import closed, progress, quiz, worksheets

page = open_page("practice", board_at=())


def body() -> None:
    """The quiz, and what it adds to."""
    quiz(page)
    progress(page)


if not closed(page):
    page.lead()
page.follow(body)
worksheets(page)

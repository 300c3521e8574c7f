"""All that imports Streamlit, but for the pages: the frame of a page, the learner's controls, and the pictures."""

from ui.frame import Page, open_page

__all__ = ["Page", "open_page"]

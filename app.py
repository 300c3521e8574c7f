"""Home."""

from ui import open_page

page = open_page("home")

"""What tests in a browser do at one width of the screen."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

BUTTONS_STAND_BESIDE_EACH_OTHER = 1024  # pixels; on a narrower screen they are behind three dots


@dataclass
class Screen:
    """A page in a window of this width; what it looks like is kept in a folder."""

    page: Page
    folder: Path
    name: str
    width: int

    def __post_init__(self) -> None:
        self.page.set_viewport_size({"width": self.width, "height": 900})

    def shoot(self, what: str) -> None:
        """Nothing may be wider than the screen."""
        self.page.screenshot(path=self.folder / f"{what}-{self.name}.png", full_page=True)
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), what

    def press(self, button: str) -> None:
        """One of the buttons at the top of a record's page."""
        if self.width < BUTTONS_STAND_BESIDE_EACH_OTHER:
            self.page.click("text=more_horiz >> visible=true")
        self.shoot(f"before-{button.split()[0]}")
        self.page.click(f"a:has-text('{button}') >> visible=true")

"""The rendered book in headless Chromium: complete without the network, on a desk and on a phone."""

import re
import shutil
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

from lrfr.book.chapters import chapters, pages
from lrfr.book.execution import Parameters, execute
from lrfr.book.serving import served
from lrfr.book.site import site
from lrfr.paths import build_dir

pytestmark = [pytest.mark.page, pytest.mark.slow]

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = 1280, 390
every_page = pytest.mark.parametrize("page", pages())


@pytest.fixture(scope="session")
def rendered():
    """The book in the smoke profile. The executed chapters are kept, so that `make book PROFILE=smoke` finds them."""
    return site(execute(chapters(), Parameters("smoke")), out=build_dir() / "test" / "site")


@pytest.fixture(scope="session")
def browser():
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("The page tests open the book in Chromium, which is not installed: apt-get install chromium.")
    playwright = pytest.importorskip("playwright.sync_api").sync_playwright().start()
    running = playwright.chromium.launch(executable_path=program, args=FLAGS)
    yield running
    running.close()
    playwright.stop()


@pytest.fixture(scope="session")
def address(rendered):
    with served(rendered) as where:
        yield where


class Visit:
    """One page, opened, and all that went wrong on the way."""

    def __init__(self, browser, address, page, width):
        self.errors, self.requests, self.failed = [], [], []
        self.tab = browser.new_page(viewport={"width": width, "height": 900})
        self.tab.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("response", lambda answer: self.failed.append(answer.url) if answer.status >= 400 else None)
        self.tab.on("requestfailed", lambda request: self.failed.append(request.url))
        self.tab.goto(f"{address}/{page}.html", wait_until="networkidle")


@pytest.fixture(scope="session")
def visit(browser, address):
    """Opens a page at a width, once per session."""
    opened = {}

    def open_page(page, width=DESK):
        if (page, width) not in opened:
            opened[page, width] = Visit(browser, address, page, width)
        return opened[page, width]

    return open_page


@every_page
def test_nothing_goes_wrong_and_nothing_leaves_the_machine(visit, address, page):
    seen = visit(page)
    assert seen.errors == []
    assert seen.failed == []
    assert seen.requests
    assert [url for url in seen.requests if not url.startswith((f"{address}/", "data:", "blob:"))] == []


@every_page
def test_every_figure_is_loaded_described_and_captioned(visit, page):
    tab = visit(page).tab
    tab.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
    images = tab.eval_on_selector_all(
        "article img",
        "all => all.map(i => ({src: i.src, width: i.naturalWidth, alt: i.alt, figure: !!i.closest('figure')}))",
    )
    for image in images:
        assert image["width"] > 0, image
        assert len(image["alt"]) > 10, image
        assert image["figure"], f"{image} has no caption"
    captions = tab.eval_on_selector_all(
        "article figure", "all => all.map(f => f.querySelector('figcaption').innerText)"
    )
    assert all(re.match(r"Fig\. \d+(\.\d+)? \S", caption) for caption in captions), captions


@every_page
def test_mathematics_is_set(visit, page):
    tab = visit(page).tab
    assert tab.locator("article .math").count() == tab.locator("article .math mjx-container").count()
    assert tab.locator("mjx-merror").count() == 0


@every_page
def test_no_source_text_is_left_in_a_page(visit, page):
    """A role, a directive or a formula that nobody replaced."""
    words = visit(page).tab.evaluate(
        "() => { const a = document.querySelector('article').cloneNode(true);"
        "a.querySelectorAll('pre, code, mjx-container').forEach(n => n.remove()); return a.textContent }"
    )
    assert not re.search(r"\$\$|\\\(|\\\[|\{(glue|numref|cite|eq|ref|doc)[:}]|:::|```|\bnan\b", words)


@every_page
def test_a_phone_needs_no_sideways_scrolling(visit, page):
    tab = visit(page, PHONE).tab
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE
    assert tab.evaluate("document.body.scrollWidth") <= PHONE
    cut = tab.eval_on_selector_all(
        "article p, article img, article h1, article h2, article figure, article .lrfr-table, article div.math",
        "(all, width) => all.filter(e => e.checkVisibility() && !e.closest('.lrfr-table table')"
        " && (e.getBoundingClientRect().right > width + 1 || e.getBoundingClientRect().left < -1))"
        ".map(e => e.outerHTML.slice(0, 200))",
        PHONE,
    )
    assert cut == []


@every_page
def test_tables_scroll_within_themselves(visit, page):
    tab = visit(page, PHONE).tab
    for box in tab.locator("article .lrfr-scroll").all():
        assert box.evaluate("e => getComputedStyle(e).overflowX") == "auto"
        assert box.evaluate("e => e.clientWidth") <= PHONE


@pytest.fixture(scope="session")
def documents(rendered):
    """Every rendered page as a tree, by path."""
    return {
        p.relative_to(rendered).as_posix(): BeautifulSoup(p.read_text(encoding="utf-8"), "html.parser")
        for p in rendered.glob("*.html")
    }


def test_every_internal_link_resolves(rendered, documents):
    broken = []
    for name, tree in documents.items():
        for tag, attribute in (("a", "href"), ("img", "src"), ("script", "src"), ("link", "href")):
            for element in tree.find_all(tag, **{attribute: True}):
                link = element[attribute]
                if urlsplit(link).scheme or link.startswith("//"):
                    continue
                target = urlsplit(urljoin(f"/{name}", link))
                path, anchor = unquote(target.path).lstrip("/"), unquote(target.fragment)
                if not (rendered / path).is_file() or (
                    anchor and path in documents and not documents[path].find(id=anchor)
                ):
                    broken.append(f"{name}: {link}")
    assert broken == []


def test_nothing_is_loaded_from_another_server(documents):
    """Not even by a script that only some readers would start."""
    for name, tree in documents.items():
        outside = [
            element.get("src") or element.get("href")
            for element in tree.select("script[src], link[href], img[src], iframe, source[src]")
            if urlsplit(element.get("src") or element.get("href") or "").netloc
        ]
        assert outside == [], name
        code = "".join(script.get_text() for script in tree.find_all("script"))
        assert not re.search(r"https?://(?!www\.w3\.org|mathjax)", code), name


def test_every_page_is_listed_and_nothing_tells_of_the_machine(rendered, documents):
    listed = {a["href"].split("#")[0] for a in documents["index.html"].select("nav a[href]")}
    assert {f"{page}.html" for page in pages() if page != "index"} <= listed
    for file in [*rendered.glob("*.html"), *(rendered / "_sources").glob("*")]:
        assert not re.search(r"(?<![\w.:/])/(home|work|root|tmp|Users)/", file.read_text(encoding="utf-8")), file.name


def test_the_search_finds_a_page_without_the_network(browser, address):
    tab = browser.new_page()
    outside = []
    tab.on("request", lambda r: None if r.url.startswith(f"{address}/") else outside.append(r.url))
    tab.goto(f"{address}/search.html?q=consent", wait_until="networkidle")
    tab.wait_for_selector("#search-results li a", timeout=10_000)
    assert "ethics.html" in tab.eval_on_selector_all("#search-results li a", "all => all.map(a => a.href).join()")
    assert outside == []

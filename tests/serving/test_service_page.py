"""The search page in a browser: on a phone and a desk, in the light and the dark, by keyboard."""

from __future__ import annotations

import io
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from support.chromium import Browser
from support.served import TOKEN, FakeItem, at, running, served, skip_without_extra

from hsm.serving.service_access import Access

skip_without_extra()
pytestmark = pytest.mark.skipif(
    shutil.which("chromium") is None and os.environ.get("HSM_REQUIRE_CHROMIUM") != "1",
    reason="needs Chromium",
)

LOOKS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
# Ten items within reach and four beyond it, one of them without a picture.
DEGREES = (*range(0, 30, 3), 60, 90, 120, 150)
LONG = "a_label_that_is_long_and_has_no_spaces_in_it"

STATUS = "document.getElementById('status').textContent"
CARDS = "[...document.querySelectorAll('#found .card')]"
CAPTION = "document.querySelector('figcaption')?.textContent"
FOCUS = "document.activeElement"
IS_DONE = f"{STATUS}.includes('neighbours')"


def picture(degrees):
    """A PNG whose red says its angle."""
    pixels = np.full((96, 128, 3), (degrees, 120, 160), np.uint8)
    pixels[20:76, 20 : 20 + degrees // 2 + 8] = 230
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def what(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    found = served()
    for degrees in DEGREES:
        path = folder / f"#{degrees}?.png"
        path.write_bytes(picture(degrees))
        label = LONG if degrees == 3 else f"label {degrees // 30}"
        status = path.stat()
        metadata = {"bytes": status.st_size, "changed": status.st_mtime_ns}
        said = {} if degrees == 6 else metadata
        found.index.items[str(path)] = FakeItem(str(path), at(degrees), label, said)
    return found


@pytest.fixture(scope="module")
def address(what):
    from hsm.serving.service import make_app

    with running(make_app(what)) as url:
        yield f"{url}/"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def dropped(content, *, event="drop"):
    """JavaScript that drops or pastes a file."""
    made = {
        "drop": "new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})",
        "paste": "new ClipboardEvent('paste', {clipboardData: data, bubbles: true})",
    }[event]
    return (
        f"{{const data = new DataTransfer(); const bytes = new Uint8Array({list(content)});"
        "data.items.add(new File([bytes], 'photo.png', {type: 'image/png'}));"
        f"document.body.dispatchEvent({made})}}"
    )


def search(browser, address, *, width=1280, scheme="light", degrees=1):
    """Open the page, drop a picture and wait for its neighbours and their pictures."""
    browser.open(address, width=width, scheme=scheme)
    browser.value(dropped(picture(degrees)))
    wait_for_pictures(browser, 12)


def wait_for_pictures(browser, count):
    browser.until(IS_DONE)
    loaded = "[...document.images].filter(image => image.complete && image.naturalWidth).length"
    browser.until(f"{loaded} === {count}")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_page_fits_and_shows_what_is_like_a_photograph(browser, address, width, scheme):
    search(browser, address, width=width, scheme=scheme)
    assert browser.value("innerWidth") == width
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(STATUS) == (
        "✓ 10 within the threshold of 0.500. 12 neighbours, the nearest at 0.017."
    )
    texts = browser.value(f"{CARDS}.map(card => card.innerText)")
    assert [("✓ alike" in text, "✗ too far" in text) for text in texts] == (
        [(True, False)] * 10 + [(False, True)] * 2
    )
    # The threshold is seen without colour, too.
    styles = "[...document.querySelectorAll('#found li')].map(li => getComputedStyle("
    lines = browser.value(f"{styles}li.querySelector('img, .none')).borderTopStyle)")
    assert lines == ["solid"] * 10 + ["dashed"] * 2
    assert sum("no picture" in text for text in texts) == 1


def test_nothing_is_white_in_the_dark(browser, address):
    browser.open(address, width=390, scheme="dark")
    pixels = browser.picture()
    assert pixels[4, 4].max() < 40
    assert (pixels.min(axis=-1) > 235).mean() < 0.02


def test_a_picture_can_be_pasted(browser, address):
    browser.open(address, width=1280, scheme="light")
    browser.value(dropped(picture(150), event="paste"))
    browser.until(IS_DONE)
    assert "#150?.png" in browser.value(f"{CARDS}[0].innerText")


def test_what_is_like_nothing_is_said_with_a_sign(browser, address):
    browser.open(address, width=390, scheme="light")
    browser.value(dropped(picture(250)))
    browser.until(IS_DONE)
    assert browser.value(STATUS).startswith("✗ Like nothing in the index: all are beyond")


def test_a_result_is_searched_for_by_keyboard_and_the_way_back_is_the_browsers(browser, address):
    search(browser, address)
    browser.value(f"{CARDS}[10].focus()")
    browser.press("Enter")
    browser.until(f"document.querySelector('figcaption').textContent === '#60?.png' && {IS_DONE}")
    assert "#60?.png" not in browser.value(f"{CARDS}.map(card => card.innerText).join()")
    assert browser.value("document.activeElement.id") == "status"
    browser.value(f"{CARDS}[0].click()")
    browser.until(f"{CAPTION} !== '#60?.png'")
    browser.value("history.back()")
    browser.until(f"{CAPTION} === '#60?.png'")


def test_keyboard_and_screen_reader_find_everything(browser, address):
    search(browser, address)
    browser.open(address, width=1280, scheme="light")
    reached = []
    for _ in range(4):
        browser.press("Tab")
        reached.append(
            browser.value("document.activeElement.id || document.activeElement.className")
        )
    assert reached == ["skip", "file", "k", "label"]
    search(browser, address)
    assert browser.value("document.getElementById('status').getAttribute('aria-live')") == "polite"
    names = browser.value(f"{CARDS}.map(card => card.getAttribute('aria-label'))")
    assert names[0] == "Neighbour 1: label 0, alike, distance 0.017. Search for what is like it"
    assert "too far" in names[-1]
    unnamed = "[...document.querySelectorAll('input')].filter(input => !input.labels.length)"
    assert browser.value(f"{unnamed}.length") == 0
    assert browser.value("document.documentElement.lang") == "en"


def test_the_label_and_the_number_narrow_the_search(browser, address):
    search(browser, address)
    browser.value(
        "{const field = document.getElementById('label'); field.value = 'label 3';"
        "field.dispatchEvent(new Event('change'))}"
    )
    browser.until(f"{STATUS}.includes('1 neighbour,')")
    assert "label 3" in browser.value(f"{CARDS}[0].innerText")


def test_an_error_is_a_sentence_on_the_page(browser, address):
    browser.open(address, width=390, scheme="light")
    browser.value(dropped(b"no picture at all"))
    browser.until(f"{STATUS}.includes('send another')")
    assert browser.value("document.getElementById('status').className") == "status is-error"


def test_a_name_is_text_and_never_a_part_of_the_page(browser, address, what):
    id = "<img src=x onerror='document.title = 1'>"
    what.index.items[id] = FakeItem(id, at(200), "<b>bold</b>", {})
    browser.open(address, width=390, scheme="light")
    browser.value(dropped(picture(200)))
    browser.until(IS_DONE)
    del what.index.items[id]
    assert id in browser.value(f"{CARDS}[0].innerText")
    assert browser.value("document.title") == "Search by photograph"


def test_a_service_with_a_token_asks_for_it(browser, what):
    from hsm.serving.service import make_app

    with running(make_app(what, access=Access(TOKEN))) as url:
        browser.open(f"{url}/", width=390, scheme="light")
        browser.value(dropped(picture(1)))
        browser.until("!document.getElementById('login').hidden")
        assert browser.value("document.activeElement.id") == "token"
        browser.value(
            f"document.getElementById('token').value = '{TOKEN}';"
            "document.getElementById('login').requestSubmit()"
        )
        wait_for_pictures(browser, 12)
        assert browser.value("document.getElementById('login').hidden")

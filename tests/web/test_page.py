"""A customer buys something on the page, with a real browser, at desktop and phone size."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Route, async_playwright, expect

from agentpay.evals.service import RunningService

CHROMIUM = Path(os.environ.get("AGENTPAY_CHROMIUM", "/usr/bin/chromium"))
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
SIZES = {"desktop": (1280, 800), "phone": (390, 844), "small-phone": (360, 640)}
PATIENCE = 20_000
"""Milliseconds, for a machine that does other things as well."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no chromium at {CHROMIUM} (AGENTPAY_CHROMIUM names another)"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        yield launched
        await launched.close()


@pytest.fixture
async def page(browser: Browser, demo_shop: RunningService, size: str) -> AsyncIterator[Page]:
    """The page, open; the test fails for whatever the browser complained about."""
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    opened = await context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # The browser itself notes each request that a test lets fail
        if message.type == "error" and "ERR_CONNECTION_RESET" not in message.text:
            complaints.append(message.text)

    opened.on("console", note)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    await opened.goto(demo_shop.base_url)
    await expect(opened.locator("#suggestions button").first).to_be_visible(timeout=PATIENCE)
    yield opened
    await context.close()
    assert complaints == []


async def say(page: Page, words: str) -> None:
    """Write a message and wait until the reply is whole."""
    await page.fill("#composer-text", words)
    await page.press("#composer-text", "Enter")
    await answered(page)


async def answered(page: Page) -> None:
    await expect(page.locator("#stop")).to_be_hidden(timeout=PATIENCE)
    await expect(page.locator("#notice")).to_be_hidden()


async def fits(page: Page) -> None:
    """Nothing sticks out to the right."""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate(
        "document.getElementById('scroll').scrollWidth <= document.getElementById('scroll').clientWidth"
    )


async def show_cart(page: Page, size: str) -> None:
    if size != "desktop":
        await page.click("#cart-button")
        await expect(page.locator("#sheet")).to_be_visible()


async def hide_cart(page: Page, size: str) -> None:
    if size != "desktop":
        await page.keyboard.press("Escape")
        await expect(page.locator("#sheet")).to_be_hidden()


@pytest.mark.parametrize("size", SIZES)
async def test_a_purchase(page: Page, size: str) -> None:
    await say(page, "I'm looking for an electric kettle")
    card = page.locator(".product", has_text="Heron electric gooseneck kettle").first
    await expect(card).to_contain_text("$129.00")
    await fits(page)
    await card.get_by_role("combobox").select_option(label="white · $129.00")
    await card.get_by_role("button", name="Add Heron electric gooseneck kettle").click()
    await expect(page.locator(".message.customer").last).to_contain_text(
        "Add the Heron electric gooseneck kettle in white"
    )
    await answered(page)

    await show_cart(page, size)
    panel = page.locator("#panel")
    await expect(panel.locator(".cart-lines")).to_contain_text("white")
    await expect(panel.locator(".totals .sum")).to_contain_text("$129.00")
    await expect(panel.locator(".agent.on")).to_contain_text("Sales")
    await hide_cart(page, size)

    await say(page, "my email is robin@mail.example")
    await say(page, "Please ship it to 9 Oak Ave, Boise ID 83702, US with standard shipping. I'm ready to pay.")
    pay = page.locator("a.pay").last
    await expect(pay).to_contain_text("$129.00")
    await expect(page.locator(".message.assistant .chip.payment").last).to_be_visible()
    await fits(page)

    async with page.context.expect_page() as opening:
        await pay.click()
    checkout = await opening.value
    await checkout.fill("input[name=card_number]", "4242 4242 4242 4242")
    await checkout.fill("input[name=expiry]", "12/40")
    await checkout.fill("input[name=cvc]", "123")
    await checkout.click("button[type=submit]")
    await expect(checkout.get_by_text("Paid. Thank you!")).to_be_visible(timeout=PATIENCE)
    number = await checkout.locator("#order").inner_text()

    order = page.locator(".card.order.paid")
    await expect(order).to_contain_text(f"Order {number}", timeout=PATIENCE)
    await expect(order).to_contain_text("Confirmed")
    await expect(page.locator("a.pay")).to_have_count(0)
    await fits(page)
    await show_cart(page, size)
    await expect(panel).to_contain_text("Nothing in it yet", timeout=PATIENCE)


@pytest.mark.parametrize("size", ["desktop"])
async def test_a_reload_goes_on_with_the_conversation(page: Page) -> None:
    await say(page, "Do you have the Puffin kettle in red?")
    reply = await page.locator(".message.assistant .text").last.inner_text()
    await page.reload()
    await expect(page.locator(".message.customer")).to_contain_text("Puffin kettle in red")
    await expect(page.locator(".message.assistant .text").last).to_be_visible()
    assert await page.locator(".message.assistant .text").last.inner_text() == reply
    await say(page, "add it to my cart please")
    await expect(page.locator("#panel .cart-lines")).to_contain_text("Puffin")
    await page.click("#new-conversation")
    await expect(page.locator("#suggestions button").first).to_be_visible(timeout=PATIENCE)
    await expect(page.locator(".message")).to_have_count(0)
    await expect(page.locator("#panel")).to_contain_text("Nothing in it yet")


@pytest.mark.parametrize("size", ["desktop"])
async def test_tools_can_be_looked_into(page: Page) -> None:
    await say(page, "show me stoneware mugs")
    ran = page.locator(".message.assistant .ran").last
    await ran.locator("> summary").click()
    tool = ran.locator("details", has_text="product_search").first
    await tool.locator("> summary").click()
    await expect(tool.locator("pre").first).to_contain_text("{")


@pytest.mark.parametrize("size", ["desktop"])
async def test_what_is_said_is_never_markup(page: Page) -> None:
    await say(page, "<img src=x onerror=\"document.title='owned'\"> [here](javascript:alert(1)) **hi**")
    await expect(page.locator(".message.customer .bubble")).to_contain_text("<img src=x")
    assert await page.locator("#transcript img, #transcript a[href^=javascript]").count() == 0
    assert await page.title() != "owned"


@pytest.mark.parametrize("size", ["desktop"])
async def test_a_lost_connection_is_told_and_tried_again(page: Page) -> None:
    lost = 0

    async def lose(route: Route) -> None:
        nonlocal lost
        lost += 1
        if lost <= 2:
            await route.abort("connectionreset")
        else:
            await route.continue_()

    await page.route(re.compile(r"/messages$"), lose)
    await say(page, "hello there")
    await expect(page.locator(".message.assistant .text")).to_have_count(1)
    assert lost == 3

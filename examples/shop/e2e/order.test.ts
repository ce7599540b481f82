/** In a real browser against the running shop: BROWSER_URL and E2E_URL say where they are. */
import { mkdir } from "node:fs/promises";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

const { BROWSER_URL, E2E_URL } = process.env;
const artifacts = new URL("../artifacts/", import.meta.url).pathname;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  if (!BROWSER_URL || !E2E_URL) {
    throw new Error("BROWSER_URL and E2E_URL must be set");
  }
  await mkdir(artifacts, { recursive: true });
  browser = await chromium.connectOverCDP(BROWSER_URL);
  context = await browser.newContext();
  page = await context.newPage();
}, 30_000);

afterAll(async () => {
  await page?.screenshot({ path: `${artifacts}/order.png` });
  await context?.close();
  await browser?.close();
});

test("a customer orders, the scheduler ships, the receipt is a PDF", { timeout: 60_000 }, async () => {
  const email = `e2e-${Date.now()}@example.com`;
  await page.goto(E2E_URL!);
  await page.getByLabel("Number of Cup").fill("2");
  await page.getByLabel("Mail address").fill(email);
  await page.getByRole("button", { name: "Order" }).click();

  const order = page.getByLabel("Orders").getByRole("listitem").filter({ hasText: email });
  await order.filter({ hasText: "€17.80, shipped" }).waitFor();

  const link = await order.getByRole("link", { name: "receipt" }).getAttribute("href");
  const receipt = await fetch(new URL(link!, E2E_URL));
  expect(receipt.headers.get("content-type")).toBe("application/pdf");
  expect((await receipt.text()).slice(0, 5)).toBe("%PDF-");
});

test("an order without an address is refused on the page", { timeout: 30_000 }, async () => {
  await page.goto(E2E_URL!);
  await page.getByLabel("Number of Plate").fill("1");
  await page.getByRole("button", { name: "Order" }).click();
  await expect.poll(() => page.getByRole("alert").textContent()).toBe("the mail address is not valid");
});

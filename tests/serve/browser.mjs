// A real Chromium that is signed in, and lines said to and by the test that started the script.
//
// Scripts that import this are called with ROOT BASE LINK: a directory whose node_modules has playwright-core, the server,
// and a link of `harness open --dashboard`.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [root, base, link] = process.argv.slice(2);
const { chromium } = createRequire(`${root}/`)("playwright-core");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Lets the test go on, and waits until it has done its part. */
export async function hand(word) {
  console.log(word);
  await lines.next();
}

/** Ends with what was seen as the last line. */
export async function end(browser, seen) {
  console.log(JSON.stringify(seen));
  await browser.close();
  process.exit(0);
}

export async function signedIn(options = {}) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(60_000);
  const wrong = [];
  context.on("weberror", (error) => wrong.push(String(error.error())));
  const page = await context.newPage();
  page.on("dialog", (dialog) => dialog.accept());
  process.once("uncaughtException", async (error) => {
    console.error(error, "\nat", page.url(), "\n", await page.locator("body").innerText());
    process.exit(1);
  });
  await page.goto(link);
  await page.waitForURL(`${base}/`);
  return { browser, context, page, base, wrong };
}

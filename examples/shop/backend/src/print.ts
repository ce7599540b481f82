import { chromium } from "playwright-core";

/** Prints a page in a browser that runs already, in a context of its own. */
export async function printed(browserUrl: string, page: string): Promise<Buffer> {
  const browser = await chromium.connectOverCDP(browserUrl);
  try {
    const context = await browser.newContext();
    try {
      const tab = await context.newPage();
      await tab.goto(page);
      return await tab.pdf({ format: "A5" });
    } finally {
      await context.close();
    }
  } finally {
    // ends the connection; the browser is shared and stays
    await browser.close();
  }
}

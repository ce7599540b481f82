// The pictures of screenshots.sh.
//
//     node screenshots.mjs MODULES LINK DIRECTORY
import { createRequire } from "node:module";

const [modules, link, directory] = process.argv.slice(2);
const base = new URL(link).origin;
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext();
const page = await context.newPage();
await page.goto(link);
const sizes = { 1600: { width: 1600, height: 1000 }, 390: { width: 390, height: 844 } };
for (const [name, path, widths, ready] of [
  ["agents", "/", [1600, 390], ".trouble pre"],
  ["agent", "/agents/2", [1600, 390], "#use-cpu polyline[points*=' ']"],
  ["tasks", "/tasks", [1600], "article"],
  ["terminal", "/agents/1/sessions/vim", [1600], ".screen .exact, .screen [style]"],
]) {
  for (const width of widths) {
    await page.setViewportSize(sizes[width]);
    await page.goto(base + path);
    await page.locator(ready).first().waitFor({ state: "attached" });
    await page.screenshot({ path: `${directory}/dashboard-${name}-${width}.png` });
  }
}
await browser.close();

// The pages of several copies of the shop, side by side in one Chromium: a draft of an order is begun in each, an edit of
// a source file is awaited in one, and what each then shows is printed, with its cookies and its WebSockets.
//
//     node pages.mjs ROOT ARTIFACTS BROWSER INDEX HEADING URL...
import { createRequire } from "node:module";

const [root, artifacts, browserUrl, index, heading, ...urls] = process.argv.slice(2);
const { chromium } = createRequire(`${root}/`)("playwright-core");

const browser = await chromium.connectOverCDP(browserUrl);
const context = await browser.newContext({ ignoreHTTPSErrors: true });
const pages = await Promise.all(urls.map(() => context.newPage()));
const loads = urls.map(() => 0);
const sockets = urls.map(() => []);
await Promise.all(
  pages.map(async (page, number) => {
    page.on("load", () => loads[number]++);
    page.on("websocket", (socket) => sockets[number].push(socket.url()));
    // a container that starts or ends beside this is a change of the network, which ends what Chromium loads
    await page.goto(urls[number]).catch((error) => {
      if (!String(error).includes("ERR_NETWORK_CHANGED")) throw error;
      return page.goto(urls[number]);
    });
    await page.getByLabel("Number of Cup").waitFor();
    await page.getByLabel("Mail address").fill(`draft-${number}`);
    await page.evaluate((login) => (document.cookie = login), `login=${number}`);
  }),
);
console.log("ready");

await pages[index].getByRole("heading", { name: heading, exact: true }).waitFor();
const shown = [];
for (const [number, page] of pages.entries()) {
  await page.screenshot({ path: `${artifacts}/page-${number + 1}.png` });
  shown.push({
    heading: await page.getByRole("heading", { level: 1 }).textContent(),
    instance: await page.locator("header p").textContent(),
    draft: await page.getByLabel("Mail address").inputValue(),
    orders: await page.getByLabel("Orders").getByRole("listitem").allTextContents(),
    loads: loads[number],
    url: page.url(),
    cookies: await page.evaluate(() => document.cookie),
    sockets: sockets[number].map((url) => new URL(url).origin),
  });
}
console.log(JSON.stringify(shown));
await context.close();
await browser.close();

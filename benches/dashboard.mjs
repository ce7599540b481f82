// Pages that are left open, in a real Chromium, and what its debugger counts of each every 20 s; one JSON document.
//
//     node dashboard.mjs MODULES BASE LINK MINUTES WARM PATH...
import { createRequire } from "node:module";

const [modules, base, link, minutes, warm, ...paths] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1600, height: 900 } });
await context.addInitScript(() => {
  globalThis.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // what is printed moves up in its own box
      const moved = entry.sources.filter(({ node }) => !(node?.nodeType === 1 ? node : node?.parentElement)?.closest("#log, .terminal"));
      if (!entry.hadRecentInput && moved.length) globalThis.shifted += entry.value;
    }
  }).observe({ type: "layout-shift", buffered: true });
});
const wrong = [];
context.on("weberror", (error) => wrong.push(String(error.error())));
const pages = [];
for (const path of ["", ...paths]) {
  const page = await context.newPage();
  if (!path) {
    await page.goto(link);
    await page.waitForURL(`${base}/`);
    await page.close();
    continue;
  }
  await page.goto(base + path);
  const debug = await context.newCDPSession(page);
  await debug.send("Performance.enable");
  await debug.send("HeapProfiler.enable");
  pages.push({ path, page, debug, samples: [] });
}
const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const began = Date.now();
await wait(warm * 60);
do {
  for (const { page, debug, samples } of pages) {
    await debug.send("HeapProfiler.collectGarbage");
    const { metrics } = await debug.send("Performance.getMetrics");
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    samples.push({
      heap: of("JSHeapUsedSize") / 1e6,
      nodes: of("Nodes"),
      listeners: of("JSEventListeners"),
      documents: of("Documents"),
      shift: await page.evaluate(() => globalThis.shifted),
    });
  }
  await wait(20);
} while (Date.now() - began < minutes * 60_000);
let hidden = 0;
for (const { page } of pages) hidden += await page.evaluate(() => Number(document.hidden));
await browser.close();
if (wrong.length) throw new Error(wrong.join("\n"));
console.log(JSON.stringify({ hidden, pages: pages.map(({ path, samples }) => ({ path, samples })) }));

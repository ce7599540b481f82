// vim, less and a shell in the page of a session; what is seen is printed as one document.
import { end, hand, signedIn } from "./browser.mjs";

const { browser, context, page, base, wrong } = await signedIn({ permissions: ["clipboard-read", "clipboard-write"] });
const path = (name) => `${base}/agents/3/sessions/${name}`;
const rows = (tab) => tab.locator(".screen > div").allInnerTexts();
const shows = (tab, text) => tab.locator(".screen > div", { hasText: text }).first().waitFor();
const type = async (tab, text) => tab.keyboard.type(text);
/** The text of all rows once it is that of another tab. */
async function same(one, other) {
  for (let left = 200; left > 0; left--) {
    if ((await rows(one)).join("\n") === (await rows(other)).join("\n")) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return `${(await rows(one)).join("\n")}\n---- is not\n${(await rows(other)).join("\n")}`;
}

await page.goto(path("vim"));
await shows(page, "0,0-1");
await type(page, "ifirst line");
await page.keyboard.press("Enter");
// an input method commits letters that are two columns wide
await page.keyboard.insertText("wide 你好 end");
await page.keyboard.press("Escape");
await shows(page, "wide 你好 end");
// column 12 of bytes is column 10 of the screen
const wide = page.locator(".screen .exact", { hasText: "你" }).first();
const cell = await page.locator(".cursor").evaluate((it) => it.getBoundingClientRect().width);
const columns = Math.round((await wide.evaluate((it) => it.getBoundingClientRect().width)) / cell);

// a smaller window is a smaller terminal
await page.setViewportSize({ width: 700, height: 420 });
await type(page, ":echo 'columns' &columns < 100 'lines' &lines < 40\n");
await shows(page, "columns 1 lines 1");

// the mouse puts the cursor, the wheel scrolls
await type(page, "gg");
const first = page.locator(".screen > div").first();
const box = await first.boundingBox();
const width = box.width / (await page.evaluate(() => parseInt(document.querySelector(".screen").style.width, 10)));
await page.mouse.click(box.x + width * 6.5, box.y + box.height / 2);
await shows(page, "1,7");

// what is pasted is pasted as a whole: nothing of it is a command, and no line is indented by the one before
await page.evaluate(() => navigator.clipboard.writeText("    pasted :q!\nby brackets"));
await type(page, ":set autoindent\n");
await type(page, "Go");
await page.keyboard.press("Control+v");
await shows(page, "by brackets");
await page.keyboard.press("Escape");
const pasted = (await rows(page)).map((row) => row.trimEnd()).filter((row) => /pasted|brackets/.test(row));

// copied with Shift and the mouse, which are the browser's, and Ctrl-C; keys are the terminal's again without a click
const line = page.locator(".screen > div", { hasText: "first line" }).first();
const at = await line.boundingBox();
await page.keyboard.down("Shift");
await page.mouse.move(at.x + 1, at.y + at.height / 2);
await page.mouse.down();
await page.mouse.move(at.x + width * 5.4, at.y + at.height / 2, { steps: 5 });
await page.mouse.up();
await page.keyboard.up("Shift");
await page.keyboard.press("Control+c");
const copied = await page.evaluate(() => navigator.clipboard.readText());
await type(page, ":echo 'without a ' . 'click'\n");
await shows(page, "without a click");

// a page that is loaded again, and three more that look on
const before = await rows(page);
await page.reload();
await shows(page, "by brackets");
const reloaded = (await rows(page)).join("\n") === before.join("\n");
const viewers = [];
for (let number = 0; number < 3; number++) {
  const tab = await context.newPage();
  await tab.setViewportSize({ width: 700, height: 420 });
  await tab.goto(path("vim"));
  await shows(tab, "by brackets");
  viewers.push(tab);
}
const together = [];
for (const tab of viewers) together.push(await same(page, tab));

// the server is killed and comes back; the pages find it by themselves
await hand("kill serve");
await page.getByText("The connection is lost").waitFor({ state: "hidden" });
await page.bringToFront();
await page.locator("textarea").focus();
await type(page, "Goafter serve");
await page.keyboard.press("Escape");
for (const tab of viewers) await shows(tab, "after serve");
// the supervisor is killed, and the server with it
await hand("kill supervisor");
await type(page, "Goafter the supervisor");
await page.keyboard.press("Escape");
for (const tab of viewers) await shows(tab, "after the supervisor");
for (const tab of viewers) together.push(await same(page, tab));
const last = (await rows(page)).filter((row) => /line|wide|after|brackets|pasted/.test(row)).length;

// a pager: the alternate screen, and back to what was there
await page.goto(path("shell"));
await shows(page, /[$#] *$/);
await type(page, "seq 1 300 | less\n");
await shows(page, /^:/);
await page.mouse.move(box.x + 50, box.y + 50);
await page.mouse.wheel(0, 100);
await shows(page, /^4 *$/);
await type(page, "q");
await page.locator(".scrollback").waitFor({ state: "attached" });
await type(page, "seq 1 200; echo that was all\n");
await shows(page, /^that was all/);
const scrollback = await page.locator(".scrollback > div").allInnerTexts();
await type(page, "printf '\\033[31mred\\033[0m\\n'\n");
const red = await page.locator(".screen span", { hasText: /^red/ }).first().evaluate((it) => it.style.color);
await end(browser, { columns, pasted, copied, reloaded, together, last, scrolled: scrollback.some((row) => row.trim() === "150"), red, wrong });

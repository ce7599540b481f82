// The dashboard in a real Chromium: what is loaded, done and seen is printed as one document.
//
//     node pages.mjs ROOT ARTIFACTS BASE LINK AGENT [AXE]
//
// With AXE, the file of axe-core, each page is also examined for what keeps people out.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const [root, artifacts, base, link, agent, axe] = process.argv.slice(2);
const { chromium } = createRequire(`${root}/`)("playwright-core");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const wrong = [];
const violations = [];
const examiner = axe && (await readFile(axe, "utf8"));

/** What axe-core finds wrong with a page as it is now. */
async function examine(page, name) {
  if (!examiner) return;
  // by the debugger, which the page's Content-Security-Policy does not bind
  await page.evaluate(examiner);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, help, nodes } of found.violations) {
    violations.push(`${name}: ${id}: ${help}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  }
}

const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
context.setDefaultTimeout(20_000);
context.on("console", (message) => message.type() === "error" && wrong.push(`${message.page()?.url()}: ${message.text()}`));
context.on("weberror", (error) => wrong.push(String(error.error())));

const stranger = await (await browser.newContext()).newPage();
await stranger.goto(`${base}/tasks`);
const signIn = await stranger.locator("main").innerText();
await examine(stranger, "sign in");

const page = await context.newPage();
page.on("dialog", (dialog) => dialog.accept());
await page.goto(link);
await page.waitForURL(`${base}/`);
const pages = {};
for (const path of ["/", "/tasks", "/machine", "/machine?doctor=1", `/agents/${agent}`, `/agents/${agent}/teardown`]) {
  const answer = await page.goto(base + path);
  await page.waitForLoadState("load");
  const name = path === "/" ? "overview" : path.slice(1).replace(/\W+/g, "-");
  await page.setViewportSize({ width: 1600, height: 900 });
  await page.screenshot({ path: `${artifacts}/${name}-1600.png`, fullPage: true });
  await examine(page, `${path} at 1600 px`);
  await page.setViewportSize({ width: 390, height: 844 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  await page.screenshot({ path: `${artifacts}/${name}-390.png`, fullPage: true });
  await page.emulateMedia({ colorScheme: "dark" });
  await examine(page, `${path} at 390 px, dark`);
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
  pages[path] = { status: answer.status(), heading: await page.locator("h1").innerText(), wide };
}

// a task by the form, with a title that is a script where nobody escapes it; both ways
const title = "<script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\">";
async function add(tab, text) {
  await tab.goto(`${base}/tasks`);
  await tab.getByLabel("New task").fill(text);
  await tab.getByRole("button", { name: "Add", exact: true }).click();
  await tab.getByRole("heading", { name: text, exact: true }).waitFor();
}
await add(page, title);
await page.reload();
await page.getByRole("heading", { name: title, exact: true }).waitFor();
const documentTitle = await page.title();

const still = await browser.newContext({ javaScriptEnabled: false, storageState: await context.storageState() });
const plain = await still.newPage();
await add(plain, "Without a script");
const card = plain.getByRole("article", { name: "Without a script" });
await card.getByRole("button", { name: /^Review/ }).click();
await plain.getByRole("region", { name: /^Review/ }).getByRole("heading", { name: "Without a script" }).waitFor();
// the other tab heard of it, and keeps what is being written
await page.getByRole("region", { name: /^Review/ }).getByRole("heading", { name: "Without a script" }).waitFor();
const draft = page.getByRole("article", { name: title });
await draft.getByText(/^Edit, assign/).click();
await draft.getByLabel("Note").fill("half a note");
await add(plain, "Meanwhile");
await draft.getByRole("button", { name: "Add note" }).click();
await page.getByRole("article", { name: title }).getByText("notes (1)").waitFor();
await page.screenshot({ path: `${artifacts}/board.png`, fullPage: true });
await examine(page, "the board with tasks");
await page.emulateMedia({ colorScheme: "dark" });
await page.screenshot({ path: `${artifacts}/board-dark.png`, fullPage: true });

// an agent: its log is followed, a process is started again, a snapshot is taken
await page.goto(`${base}/agents/${agent}`);
await page.getByText("Following: new lines").waitFor();
await page.locator("#use-memory strong", { hasText: "B" }).waitFor();
await page.locator("#use-cpu strong", { hasText: "% of one core" }).waitFor();
await page.screenshot({ path: `${artifacts}/agent-dark.png`, fullPage: true });
await page.getByLabel("Name").fill("before");
await page.getByRole("button", { name: "Take a snapshot" }).click();
await page.getByRole("button", { name: "Restore before" }).waitFor();
await page.getByRole("button", { name: "Restart api", exact: true }).click();
await page.locator("#jobs li", { hasText: "restart" }).getByText("done", { exact: true }).waitFor();
await page.getByRole("button", { name: "Stop api", exact: true }).click();
await page.getByRole("button", { name: "Start api", exact: true }).waitFor();

await examine(page, "an agent with a stopped process");

// a session by the form, which leads to its page
await page.getByLabel("Command, on a terminal").fill("sh -c 'echo in a session; exec cat'");
await page.getByLabel("Session", { exact: true }).fill("work");
await page.getByRole("button", { name: "Start a session" }).click();
await page.waitForURL(`${base}/agents/${agent}/sessions/work`);
await page.getByText("in a session").waitFor();
await examine(page, "a session");
await page.setViewportSize({ width: 390, height: 844 });
await page.screenshot({ path: `${artifacts}/session-390.png` });
await page.setViewportSize({ width: 1280, height: 800 });
await page.goto(`${base}/agents/${agent}`);
await page.getByRole("button", { name: "End work" }).click();
await page.getByText("No session.").waitFor();

// refusals are pages
const before = wrong.length;
const refused = {};
for (const path of ["/nothing", "/agents/98", "/agents/x"]) {
  const answer = await page.goto(base + path);
  refused[path] = [answer.status(), await page.locator("h1").innerText()];
  await examine(page, path);
}
// Chromium reports each refused page itself
wrong.splice(before);
console.log(JSON.stringify({ wrong, violations, signIn, pages, documentTitle, refused }));
await browser.close();

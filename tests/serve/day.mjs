// What a person does all day with the agents' pages, by clicks alone; what is seen is printed as one document.
import { end, hand, signedIn } from "./browser.mjs";

const { browser, page, base, wrong } = await signedIn();
const [project] = process.argv.slice(5);
const card = page.getByRole("article", { name: "Agent 2" });
const button = (name) => page.getByRole("button", { name, exact: true });
const seen = { wrong };
const state = (word) => page.locator("#agent > .line .badge", { hasText: word }).waitFor();

// refused in place, then launched in a work tree of its own
await page.getByText("No agent runs yet.").waitFor();
await page.getByLabel("Agent", { exact: true }).fill("2");
await page.getByLabel("Project, if the agent is new").fill("relative/path");
await button("Launch").click();
await page.getByRole("alert").getByText("is not absolute").waitFor();
seen.stays = page.url() === `${base}/`;
await button("Close").click();
await page.getByRole("alert").waitFor({ state: "hidden" });
await page.getByLabel("Agent", { exact: true }).fill("2");
await page.getByLabel("Project, if the agent is new").fill(project);
await page.getByLabel("Branch, for a work tree of its own").fill("work");
await button("Launch").click();
await card.getByText("launch", { exact: true }).waitFor();
await card.locator(".line > .badge", { hasText: "healthy" }).waitFor();

// verified: file and line stand on the card, and in full on the agent's page
await card.getByRole("button", { name: "Verify agent 2" }).click();
await card.getByText("src/words.txt:2").waitFor();
seen.verdict = await card.locator("dd", { has: page.locator(".badge", { hasText: "fail" }) }).innerText();
await card.getByRole("link", { name: "Agent 2", exact: true }).click();
await page.locator("#verify pre").getByText("src/words.txt:2").waitFor();

// the log, through a filter, and followed
await page.getByLabel("Only lines that match").fill("number [05]$");
await button("Filter").click();
await page.locator("#log > span", { hasText: "number 5" }).first().waitFor();
await page.getByText("Following: new lines").waitFor();
seen.log = [...new Set((await page.locator("#log > span").allInnerTexts()).map((line) => line.trim().split("  ").at(-1)))].sort();

// a snapshot, from the end of the page, which stays where it is; the database as it was
await page.getByLabel("Name", { exact: true }).fill("before");
await button("Take a snapshot").scrollIntoViewIfNeeded();
const scrolled = await page.evaluate(() => scrollY);
await button("Take a snapshot").click();
await button("Restore before").waitFor();
seen.moved = Math.abs((await page.evaluate(() => scrollY)) - scrolled) > 200;
await hand("change the database");
await button("Restore before").click();
await page.locator("#jobs li", { hasText: "db restore" }).getByText("done", { exact: true }).waitFor();
await hand("look at the database");

// parked and woken
await button("Park agent 2").click();
await button("Wake agent 2").click();
await state("healthy");

// what breaks is named with its last words, on the overview too, and mended
await hand("break it");
await button("Restart fragile").click();
await page.locator("#agent .trouble", { hasText: "fragile" }).getByText("out of luck").first().waitFor();
await page.goto(`${base}/`);
await page.getByRole("link", { name: "See agent 2" }).waitFor();
seen.trouble = await card.locator(".trouble").first().innerText();
await card.getByRole("link", { name: "Agent 2", exact: true }).click();
await hand("mend it");
await button("Restart fragile").click();
await state("healthy");

// a terminal by one click, and back
await button("Start a session").click();
await page.waitForURL(/sessions\//);
await page.locator("textarea").focus();
await page.keyboard.type("echo I am agent $AGENT_ID in $PWD\n");
await page.locator(".screen > div", { hasText: "I am agent 2 in" }).last().waitFor();
await page.getByRole("link", { name: "agent 2" }).click();
await page.getByRole("button", { name: /^End / }).click();
await page.getByText("No session.").waitFor();

// torn down: what would be lost is said, and a tree with work that exists nowhere else is refused, then not
await hand("write something");
await page.getByRole("link", { name: /^Tear down/ }).click();
seen.teardown = await page.locator("main").innerText();
await button("Tear down agent 2").click();
await page.waitForURL(`${base}/`);
await card.locator(".trouble").first().waitFor();
seen.refused = await card.locator(".trouble").first().innerText();
await card.getByRole("link", { name: /^Tear down/ }).click();
await page.getByRole("checkbox").check();
await button("Tear down agent 2").click();
await page.getByText("No agent runs yet.").waitFor();
await end(browser, seen);

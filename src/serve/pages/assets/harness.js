// Keeps a page as things are: asks for it again when an event arrives, and follows a log. Only what an agent uses is asked
// by the clock, while its page is looked at. Forms act without a new page, so that a person stays where they are.

const live = document.getElementById("live");
const log = document.getElementById("log");
const notice = document.getElementById("notice");
const parts = () => [...document.querySelectorAll("[data-live]")];
/** Between two questions for the page, in milliseconds. */
const PAUSE = 150;
let events;
let asking = false;
let again = false;

function say(text) {
  if (live && live.textContent !== text) live.textContent = text;
}

// ---- the page as it is now

/** Times, which the server says in UTC, as they are here. */
function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    time.title = time.textContent;
    time.textContent = at.toLocaleString("sv-SE");
  }
}

/** Makes a node what another one is, and keeps what is the same: focus, scrolling, what is opened, marked or being written. */
function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) return old.replaceWith(fresh);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
    return;
  }
  const mine = (name) => name === "open" && old.matches("details");
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name) && !mine(name)) old.removeAttribute(name);
  for (const name of fresh.getAttributeNames()) {
    if (old.getAttribute(name) !== fresh.getAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
  }
  const byId = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = child.id ? byId.get(child.id) : at && !at.id && at.nodeName === child.nodeName ? at : undefined;
    if (!same) old.insertBefore(child, at);
    else {
      if (same === at) at = at.nextSibling;
      else old.insertBefore(same, at);
      renew(same, child);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  localise(page);
  for (const part of parts()) {
    const fresh = page.getElementById(part.id);
    if (fresh) renew(part, fresh);
  }
}

/** Asks for the page again; what happens meanwhile is one more question. */
async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  do {
    again = false;
    try {
      // a check that somebody asked for once is not made at each event
      const url = new URL(location.href);
      url.searchParams.delete("doctor");
      url.hash = "";
      const answer = await fetch(url, { headers: { accept: "text/html" } });
      if (answer.status === 401 || answer.status === 404) {
        events?.close();
        say(answer.status === 401 ? "Signed out: reload" : "Gone: reload");
        break;
      }
      if (answer.ok) show(await answer.text());
    } catch {
      // the stream of events says that the server is away, and when it is back
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  } while (again);
  asking = false;
}

function listen() {
  events = new EventSource("/api/events");
  events.onopen = () => {
    say("Live");
    refresh();
    follow();
  };
  events.onmessage = refresh;
  events.onerror = () => say("Not connected");
}

// ---- forms

const busy = new WeakSet();

/** Says why something was not done; nothing takes back what was said. */
function complain(what) {
  notice.replaceChildren();
  notice.hidden = !what;
  if (!what) return;
  const close = document.createElement("button");
  close.textContent = "Close";
  close.onclick = () => complain();
  notice.append(what, close);
}

async function act(form, button) {
  if (busy.has(form)) return;
  busy.add(form);
  button?.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "text/html" } });
    const text = await answer.text();
    if (!answer.ok) {
      const page = new DOMParser().parseFromString(text, "text/html");
      complain(page.querySelector(".trouble, main") ?? `The server answered ${answer.status}.`);
    } else if (new URL(answer.url).pathname === location.pathname) {
      complain();
      form.reset();
      show(text);
      refresh();
    } else location.assign(answer.url);
  } catch {
    complain("The server does not answer.");
  }
  busy.delete(form);
  button?.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  if (!form.dataset.ask || confirm(form.dataset.ask)) act(form, event.submitter);
});

// ---- the log of an agent

const MOST = 1000;
let lines;
let waiting = [];

function plain(text) {
  return text.replace(/\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)/g, "");
}

function print() {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const rows = document.createDocumentFragment();
  for (const { time, process, stream, line } of waiting.splice(0).slice(-MOST)) {
    const row = document.createElement("span");
    row.className = stream === "stderr" ? "stderr" : "stdout";
    const head = document.createElement("span");
    head.className = "quiet";
    head.textContent = `${new Date(time).toLocaleTimeString("sv-SE")} ${process}`;
    row.append(head, `  ${plain(line)}\n`);
    rows.append(row);
  }
  log.append(rows);
  while (log.childElementCount > MOST) log.firstElementChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function follow() {
  if (!log || lines) return;
  const state = document.getElementById("log-state");
  const asked = new URLSearchParams(location.search);
  const query = new URLSearchParams({ follow: "1" });
  for (const name of ["process", "grep"]) if (asked.get(name)) query.set(name, asked.get(name));
  const stream = new EventSource(`${log.dataset.follow}?${query}`);
  lines = stream;
  const end = (text) => {
    stream.close();
    if (lines === stream) lines = null;
    state.textContent = text;
  };
  stream.onopen = () => {
    // it begins with the last lines again
    waiting = [];
    log.replaceChildren();
    state.textContent = "Following: new lines appear at the end.";
  };
  stream.onmessage = ({ data }) => {
    if (waiting.push(JSON.parse(data)) === 1) requestAnimationFrame(print);
    if (waiting.length > 2 * MOST) waiting = waiting.slice(-MOST);
  };
  stream.addEventListener("lost", ({ data }) => {
    state.textContent = `Following; ${data} lines came too fast to be shown.`;
  });
  stream.addEventListener("refused", () => end("Not following: the agent has no logs. Reload to try again."));
  stream.onerror = () => end("Not following any more. Reload to go on.");
}

// ---- what an agent uses: asked while somebody looks, drawn over the last five minutes

const uses = document.getElementById("uses");
const SAMPLES = 60;
const memory = [];
const cpu = [];
let sampling;

function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value.toFixed(unit && value < 100 ? 1 : 0)} ${units[unit]}`;
}

function draw(id, values, text, least) {
  const figure = document.getElementById(id);
  const most = Math.max(least, ...values);
  const first = SAMPLES - values.length;
  const point = (value, at) => `${(((first + at) * 120) / (SAMPLES - 1)).toFixed(1)},${(23 - (22 * value) / most).toFixed(1)}`;
  figure.querySelector("polyline").setAttribute("points", values.map(point).join(" "));
  figure.querySelector("strong").textContent = text;
}

async function sample() {
  try {
    const answer = await fetch(uses.dataset.stats);
    uses.hidden = !answer.ok;
    if (!answer.ok) return;
    const { total } = (await answer.json()).stacks[0];
    for (const [values, value] of [[memory, total.memory_bytes], [cpu, total.cpu_percent]]) {
      values.push(value);
      if (values.length > SAMPLES) values.shift();
    }
    draw("use-memory", memory, bytes(total.memory_bytes), 1);
    draw("use-cpu", cpu, `${total.cpu_percent.toFixed(0)} % of one core`, 100);
  } catch {
    // the server is away, which the stream of events says
  }
}

function watchUse() {
  if (!uses || sampling) return;
  sample();
  sampling = setInterval(sample, 5000);
}

// ---- a page that nobody sees holds no connection: a browser has six for one server

function begin() {
  if (document.hidden || !parts().length) return;
  listen();
  watchUse();
}
function end() {
  clearInterval(sampling);
  sampling = null;
  events?.close();
  lines?.close();
  events = lines = null;
}
document.addEventListener("visibilitychange", () => (document.hidden ? end() : begin()));
addEventListener("pagehide", end);
addEventListener("pageshow", ({ persisted }) => persisted && begin());
if (log) log.scrollTop = log.scrollHeight;
localise(document);
begin();

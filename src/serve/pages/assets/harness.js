// Keeps a page as things are: asks for it again when an event arrives, and follows a log. Only what an agent uses is asked
// by the clock, while its page is looked at.

const live = document.getElementById("live");
const log = document.getElementById("log");
const parts = () => [...document.querySelectorAll("[data-live]")];
const known = new Map(parts().map((part) => [part.id, part.innerHTML]));
let events;
let asking = false;
let again = false;

function say(text) {
  if (live && live.textContent !== text) live.textContent = text;
}

/** Whether somebody writes in a part, which must stay as it is then. */
function isWrittenIn(part) {
  return [...part.querySelectorAll("input, textarea, select")].some((field) => {
    if (field.type === "hidden") return false;
    if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.value !== field.defaultValue;
  }) || (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));
}

/** What finds a control again in the new part. */
function nameOf(control) {
  return `${control.tagName} ${control.closest("form")?.action ?? control.href ?? ""} ${control.textContent}`;
}

function replace(part, html) {
  if (known.get(part.id) === html || isWrittenIn(part)) return;
  const open = [...part.querySelectorAll("details[open]")].map((details) => details.id);
  const scrolled = [...part.querySelectorAll("pre, .scroll")].map((box) => [box.scrollTop, box.scrollLeft]);
  const focused = part.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  known.set(part.id, html);
  part.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  part.querySelectorAll("pre, .scroll").forEach((box, at) => {
    if (scrolled[at]) [box.scrollTop, box.scrollLeft] = scrolled[at];
  });
  if (focused) [...part.querySelectorAll("a, button, summary")].find((it) => nameOf(it) === focused)?.focus({ preventScroll: true });
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
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of parts()) {
          const fresh = page.getElementById(part.id);
          if (fresh) replace(part, fresh.innerHTML);
        }
      }
    } catch {
      // the stream of events says that the server is away, and when it is back
    }
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

// ---- the log of an agent

const MOST = 1000;
let lines;
let waiting = [];

function plain(text) {
  return text.replace(/\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)/g, "");
}

function show() {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const rows = document.createDocumentFragment();
  for (const { time, process, stream, line } of waiting.splice(0).slice(-MOST)) {
    const row = document.createElement("span");
    row.className = stream === "stderr" ? "stderr" : "stdout";
    const head = document.createElement("span");
    head.className = "quiet";
    head.textContent = `${time.slice(11, 19)} ${process}`;
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
    if (waiting.push(JSON.parse(data)) === 1) requestAnimationFrame(show);
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
begin();

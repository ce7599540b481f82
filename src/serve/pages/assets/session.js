// A session on a page: rows of runs as elements, keys and pasted text in return. The server interprets what the program
// prints; here is only drawing.

const terminal = document.querySelector("[data-session]");
const screen = terminal.querySelector(".screen");
const scrollback = terminal.querySelector(".scrollback");
const cursor = terminal.querySelector(".cursor");
const keyboard = terminal.querySelector("textarea");
const state = document.querySelector("[role=status]");
const MOST_SCROLLBACK = 2000;

let socket;
let modes = {};
let asked = "";
let wait = 250;
let over = false;

// The size of a letter, from many: browsers give it fractions.
function letter() {
  const probe = document.createElement("span");
  probe.textContent = "M".repeat(100);
  probe.className = "probe";
  terminal.append(probe);
  const { width, height } = probe.getBoundingClientRect();
  probe.remove();
  return { width: width / 100, height };
}

let cell = letter();

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const path = terminal.dataset.session;
  socket = new WebSocket(`${scheme}//${location.host}${path}`);
  socket.onopen = () => {
    wait = 250;
    asked = "";
    state.textContent = "";
    fit();
  };
  socket.onmessage = (event) => hear(JSON.parse(event.data));
  socket.onclose = () => {
    if (over) return;
    state.textContent = "The connection is lost. Trying again…";
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 5000);
  };
}

function say(message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function hear(told) {
  if (told.type === "ended") {
    over = true;
    terminal.classList.add("over");
    state.textContent = `The session ${told.reason}.`;
    return;
  }
  const atEnd = terminal.scrollTop + terminal.clientHeight >= terminal.scrollHeight - 4;
  if (told.type === "screen") {
    scrollback.replaceChildren(...told.left.map(row));
    screen.replaceChildren(...told.rows.map(row));
    screen.style.width = `${told.size.columns}ch`;
  } else {
    scrollback.append(...told.left.map(row));
    while (scrollback.childElementCount > MOST_SCROLLBACK) scrollback.firstChild.remove();
    for (const [number, runs] of told.rows) screen.children[number].replaceWith(row(runs));
  }
  modes = told.modes;
  scrollback.hidden = modes.alternate;
  document.title = told.title ? `${told.title} – ${terminal.dataset.name}` : terminal.dataset.name;
  place(told.cursor);
  if (atEnd || told.type === "screen") terminal.scrollTop = terminal.scrollHeight;
}

function place({ row, column, visible, shape }) {
  cursor.hidden = !visible;
  cursor.className = `cursor ${shape}`;
  cursor.style.left = `${column}ch`;
  cursor.style.top = `${row * cell.height}px`;
  keyboard.style.left = cursor.style.left;
  keyboard.style.top = cursor.style.top;
}

function row(runs) {
  const line = document.createElement("div");
  line.append(...runs.map(run));
  // an empty row keeps its height, and its end of line when it is copied
  if (runs.length === 0) line.append("\n");
  return line;
}

function run({ t: text, n: columns, s: style = {} }) {
  const link = /^https?:/.test(style.link ?? "");
  const element = document.createElement(link ? "a" : "span");
  if (link) Object.assign(element, { href: style.link, rel: "noreferrer noopener", target: "_blank" });
  element.textContent = text;
  // fonts give letters that are not ASCII a width of their own
  if (!/^[\x20-\x7e]*$/.test(text)) {
    element.className = "exact";
    element.style.width = `${columns}ch`;
  }
  let [front, back] = [colour(style.fg), colour(style.bg)];
  if (style.inverse) [front, back] = [back ?? "var(--paper)", front ?? "var(--ink)"];
  if (front) element.style.color = style.hidden ? "transparent" : front;
  if (back) element.style.backgroundColor = back;
  if (style.hidden) element.style.color = "transparent";
  if (style.bold) element.style.fontWeight = "bold";
  if (style.dim) element.style.opacity = "0.6";
  if (style.italic) element.style.fontStyle = "italic";
  const lines = [style.underline && "underline", style.strike && "line-through"].filter(Boolean);
  if (lines.length) element.style.textDecorationLine = lines.join(" ");
  const kinds = { double: "double", curly: "wavy", dotted: "dotted", dashed: "dashed" };
  if (kinds[style.underline]) element.style.textDecorationStyle = kinds[style.underline];
  return element;
}

// 0 to 15 are the page's, then come xterm's cube and its greys.
function colour(value) {
  if (value === undefined || typeof value === "string") return value;
  if (value < 16) return `var(--c${value})`;
  if (value >= 232) {
    const grey = 8 + 10 * (value - 232);
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const part = (number) => (number === 0 ? 0 : 55 + 40 * number);
  const index = value - 16;
  return `rgb(${part(Math.floor(index / 36))} ${part(Math.floor(index / 6) % 6)} ${part(index % 6)})`;
}

function fit() {
  cell = letter();
  const columns = Math.floor(terminal.clientWidth / cell.width);
  const rows = Math.floor(terminal.clientHeight / cell.height);
  if (columns < 2 || rows < 1 || asked === `${columns}x${rows}`) return;
  asked = `${columns}x${rows}`;
  say({ type: "resize", columns, rows });
}

const NUMBERED = { Insert: 2, Delete: 3, PageUp: 5, PageDown: 6, F5: 15, F6: 17, F7: 18, F8: 19, F9: 20, F10: 21, F11: 23, F12: 24 };
const LETTERED = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D", Home: "H", End: "F" };
const FUNCTION = { F1: "P", F2: "Q", F3: "R", F4: "S" };

// What a terminal sends for a key; undefined for what the browser keeps.
function sequence({ key, shiftKey, altKey, ctrlKey, metaKey }) {
  if (metaKey) return undefined;
  const held = 1 + shiftKey + 2 * altKey + 4 * ctrlKey;
  if (key in NUMBERED) return held > 1 ? `\x1b[${NUMBERED[key]};${held}~` : `\x1b[${NUMBERED[key]}~`;
  if (key in LETTERED || key in FUNCTION) {
    const end = LETTERED[key] ?? FUNCTION[key];
    if (held > 1) return `\x1b[1;${held}${end}`;
    return (key in FUNCTION || modes.application_cursor ? "\x1bO" : "\x1b[") + end;
  }
  const before = altKey ? "\x1b" : "";
  if (key === "Enter") return `${before}\r`;
  if (key === "Backspace") return before + (ctrlKey ? "\b" : "\x7f");
  if (key === "Tab") return shiftKey ? "\x1b[Z" : `${before}\t`;
  if (key === "Escape") return `${before}\x1b`;
  if (key.length !== 1) return undefined;
  if (!ctrlKey) return altKey ? `\x1b${key}` : undefined;
  if (key === " ") return `${before}\0`;
  const code = key.toUpperCase().charCodeAt(0);
  return code >= 64 && code < 96 ? before + String.fromCharCode(code & 31) : undefined;
}

// on the document: who has marked something with the mouse types on without a click
document.addEventListener("keydown", (event) => {
  if (event.isComposing || (event.target !== keyboard && event.target !== document.body)) return;
  // copy and paste as on a desktop's terminal; Ctrl-C copies where something is marked
  const marked = !getSelection().isCollapsed;
  const letter = event.key.toLowerCase();
  if (event.ctrlKey && letter === "v") return keyboard.focus();
  if (event.ctrlKey && letter === "c" && (event.shiftKey || marked)) {
    // with Shift, browsers would open their tools for developers
    if (marked) document.execCommand("copy");
    return event.preventDefault();
  }
  if (!["Shift", "Control", "Alt", "Meta", "AltGraph"].includes(event.key)) keyboard.focus();
  // AltGr makes a letter
  const text = event.getModifierState("AltGraph") ? undefined : sequence(event);
  if (text === undefined) return;
  event.preventDefault();
  say({ type: "keys", text });
});

// Letters come as input, so that dead keys and input methods work.
keyboard.addEventListener("input", (event) => {
  if (event.isComposing) return;
  if (keyboard.value) say({ type: "keys", text: keyboard.value });
  keyboard.value = "";
});
keyboard.addEventListener("compositionend", () => {
  if (keyboard.value) say({ type: "keys", text: keyboard.value });
  keyboard.value = "";
});
keyboard.addEventListener("paste", (event) => {
  event.preventDefault();
  say({ type: "paste", text: event.clipboardData.getData("text/plain") });
});

// Buttons and the wheel, as numbers (SGR); with Shift they are the browser's.
function pressed(event, button, end) {
  if (!modes.sgr_mouse || modes.mouse === "off" || event.shiftKey) return false;
  const place = screen.getBoundingClientRect();
  const column = 1 + Math.max(0, Math.floor((event.clientX - place.left) / cell.width));
  const line = 1 + Math.max(0, Math.floor((event.clientY - place.top) / cell.height));
  say({ type: "keys", text: `\x1b[<${button + 8 * event.altKey + 16 * event.ctrlKey};${column};${line}${end}` });
  event.preventDefault();
  return true;
}

terminal.addEventListener("mousedown", (event) => {
  if (pressed(event, event.button, "M")) return keyboard.focus();
  // with Shift a browser marks from where something was marked before, which here is in the field for keys
  if (!event.shiftKey || document.activeElement !== keyboard) return;
  const place = document.caretPositionFromPoint?.(event.clientX, event.clientY);
  keyboard.blur();
  if (place) getSelection().collapse(place.offsetNode, place.offset);
});
terminal.addEventListener("mouseup", (event) => {
  if (pressed(event, event.button, "m") || getSelection().isCollapsed) keyboard.focus();
});
terminal.addEventListener("wheel", (event) => {
  if (event.deltaY === 0 || pressed(event, event.deltaY < 0 ? 64 : 65, "M") || !modes.alternate) return;
  const end = event.deltaY < 0 ? "A" : "B";
  say({ type: "keys", text: ((modes.application_cursor ? "\x1bO" : "\x1b[") + end).repeat(3) });
}, { passive: false });

new ResizeObserver(fit).observe(terminal);
document.fonts.ready.then(fit);
connect();
keyboard.focus({ preventScroll: true });

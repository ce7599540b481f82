"""Runs commands on a pseudo-terminal and draws what stays on the screen; see picture.sh."""

import os
import pty
import re
import subprocess
import sys

from rich.console import Console
from rich.text import Text

COLUMNS = 96
COMMANDS = [
    "harness launch 3",
    "harness status 3",
    "harness psql 3 'select current_user, count(*) from messages'",
    "harness logs 3 -n 4",
    "harness verify 3 --full --stage smoke | head -n 3",
]


def on_terminal(command, directory):
    """What `command` writes to a terminal."""
    leader, follower = pty.openpty()
    environment = dict(os.environ, TERM="xterm-256color", COLUMNS=str(COLUMNS), AGENT_ID="3")
    subprocess.run(["stty", "cols", str(COLUMNS), "rows", "50"], stdin=follower, check=True)
    process = subprocess.Popen(
        command, shell=True, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=follower, stderr=follower
    )
    os.close(follower)
    written = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        written += piece
    process.wait()
    return written.decode()


def settled(written):
    """The lines that stay: progress is drawn over itself, so only what follows the last return counts."""
    lines, row = [""], 0
    position = 0
    for token in re.finditer(r"\x1b\[(\d*)A|\x1b\[2?K|\x1b\[J|\r|\n|\x1b\[[\d;]*m|\x1b\[\?\d+[hl]|[^\x1b\r\n]+", written):
        text = token.group(0)
        if text.endswith("A") and text.startswith("\x1b["):
            row = max(0, row - int(token.group(1) or 1))
        elif text in ("\x1b[2K", "\x1b[K", "\r"):
            lines[row] = ""
        elif text == "\x1b[J":
            lines[row:] = [""]
        elif text == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif not text.startswith("\x1b[?"):
            lines[row] += text
        position = token.end()
    assert position <= len(written)
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def main(directory, target):
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), color_system="truecolor", force_terminal=True)
    for command in COMMANDS:
        written = settled(on_terminal(command, directory)).replace(os.path.dirname(directory), "/home/me")
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text.from_ansi(written))
        console.print()
    console.save_svg(target, title="harness", unique_id="harness")
    drawing = open(target).read()
    # the reader's own monospace font does: nothing is fetched
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.S)
    with open(target, "w") as file:
        file.write(drawing)


main(*sys.argv[1:])

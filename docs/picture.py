"""Runs commands on a pseudo-terminal and draws what stays on the screen; see picture.sh."""

import os
import pty
import re
import subprocess
import sys

import pyte
from rich.console import Console
from rich.text import Text

COLUMNS = 96
COMMANDS = [
    "harness launch 3",
    "harness status 3",
    "harness psql 3 'select current_user, count(*) from messages'",
    "harness logs 3 -n 4",
    "harness verify 3 --full --stage smoke 2>/dev/null | head -n 3",
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


def screen_of(written):
    """What a terminal shows in the end: progress is drawn over itself."""
    screen = pyte.Screen(COLUMNS, 200)
    pyte.Stream(screen).feed(written)
    shown = Text()
    for row in range(len(screen.display)):
        line = Text()
        for column in range(COLUMNS):
            cell = screen.buffer[row][column]
            colour = {"default": "", "brown": "yellow"}.get(cell.fg, cell.fg)
            line.append(cell.data, f"{colour} {'bold' if cell.bold else ''}".strip())
        line.rstrip()
        shown.append_text(line).append("\n")
    shown.rstrip()
    return shown


def main(directory, target):
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), color_system="truecolor", force_terminal=True)
    for command in COMMANDS:
        written = on_terminal(command, directory).replace(os.path.dirname(directory), "/home/me")
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(screen_of(written))
        console.print()
    console.save_svg(target, title="harness", unique_id="harness")
    drawing = open(target).read()
    # the reader's own monospace font does: nothing is fetched
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.S)
    with open(target, "w") as file:
        file.write(drawing)


main(*sys.argv[1:])

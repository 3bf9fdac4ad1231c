"""Runs a program on a terminal of its own, types what it is told when a prompt comes, and prints all that was shown."""

import json
import os
import pty
import re
import select
import sys

program, script = sys.argv[1:-1], json.loads(sys.argv[-1])
child, terminal = pty.fork()
if child == 0:
    os.execvp(program[0], program)
shown, seen = b"", 0
while True:
    ready, _, _ = select.select([terminal], [], [], 20)
    if not ready:
        os.kill(child, 9)
        break
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    shown += read
    if script and re.search(script[0][0].encode(), shown[seen:]):
        seen = len(shown)
        os.write(terminal, script.pop(0)[1].encode())
_, status = os.waitpid(child, 0)
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "shown": shown.decode(errors="replace"), "left": len(script)}))

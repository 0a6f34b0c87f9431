"""Where the kernel sends no signal when a parent dies (macOS): run a program, stop it when a pipe from us closes.

`python leash.py PIPE SIGNAL PROGRAM ARGUMENTS...`; run by path, standard library only.
"""

import os
import signal
import subprocess
import sys
import threading


def main(pipe: int, stop_signal: int, command: list[str]) -> int:
    """Forward signals and the exit status. End the program when the pipe's other end is closed."""
    program = subprocess.Popen(command)
    for passed_on in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(passed_on, lambda number, frame: program.send_signal(number))
    threading.Thread(target=watch, args=(pipe, program, stop_signal), daemon=True).start()
    status = program.wait()
    return status if status >= 0 else 128 - status


def watch(pipe: int, program: "subprocess.Popen[bytes]", stop_signal: int) -> None:
    """Nothing is ever written to the pipe: a read returns when its writer has died."""
    os.read(pipe, 1)
    program.send_signal(stop_signal)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))

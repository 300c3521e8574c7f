"""A trainable module that learns nothing: it counts, waits for a file, crashes or talks nonsense, as it is told."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path


def events(argv):
    """Count on from the checkpoint to `--steps`, pausing at each; then wait until the file `--gate` is there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--gate", type=Path)
    parser.add_argument("--how", default="well", help="well, or how the command misbehaves")
    parser.add_argument("--fail", action="store_true")
    options = parser.parse_args(argv)
    checkpoint = options.folder / "checkpoint"
    first = int(checkpoint.read_text()) if checkpoint.exists() else 0
    for step in range(first, options.steps):
        yield {"step": step, "pid": os.getpid(), "folder": str(options.folder)}
        unfinished = options.folder / "unfinished"  # it may be killed at any time
        unfinished.write_text(str(step + 1))
        unfinished.replace(checkpoint)
        time.sleep(options.pause)
    while options.gate and not options.gate.exists():
        time.sleep(0.01)
    if options.fail:
        raise ValueError("no such tune")


def main():
    """Print each event; misbehave if `--how` is given, first."""
    argv = sys.argv[1:]
    how = argv[1] if argv[0] == "--how" else "well"
    if how == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if how == "nonsense":
        sys.stdout.buffer.write(b"\xff\xfe\n[1]\n{\n" + b"[" * 60_000 + b"\n\n")
        print("x" * 200_000 + '\n{"after": "a long line"}\n' + '{"fine": ' + "1" * 70_000 + "}", flush=True)
    if how == "environment":
        keys = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
        print(json.dumps({key: os.environ[key] for key in keys} | {"cwd": os.getcwd()}))
        print(json.dumps({"stdin": sys.stdin.read()}))
    for event in events(argv):
        print(json.dumps(event), flush=True)
    if how == "cut":
        print('{"step": 9', end="", flush=True)


if __name__ == "__main__":
    main()

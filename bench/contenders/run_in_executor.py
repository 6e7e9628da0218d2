"""CPython's run_in_executor, measured as the others are: a command a line in, its figures as JSON out.

Usage: run_in_executor.py threads|processes. A command is {"inFlight": 64, "ms": 100}.
"""

import asyncio
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def echo(value):
    return value


async def drive(executor, in_flight, seconds):
    """Keeps so many calls in flight until the time is over, as measure/drive.ts does."""
    loop = asyncio.get_running_loop()
    argument = {"id": 7, "name": "Ada Lovelace"}
    calls = 0
    cpu = time.process_time()
    start = time.perf_counter()
    end = start + seconds

    async def lane():
        nonlocal calls
        while True:
            await loop.run_in_executor(executor, echo, argument)
            calls += 1
            if time.perf_counter() >= end:
                return

    await asyncio.gather(*(lane() for _ in range(in_flight)))
    elapsed = time.perf_counter() - start
    return {
        "calls": calls,
        "us": elapsed * 1e6 / calls,
        # Of this process, with all its threads: those of a ThreadPoolExecutor included.
        "cpuUs": (time.process_time() - cpu) * 1e6 / calls,
    }


def say(value):
    print(json.dumps(value), flush=True)


def main():
    start = time.perf_counter()
    kind = ThreadPoolExecutor if sys.argv[1] == "threads" else ProcessPoolExecutor
    with kind(max_workers=1) as executor:
        executor.submit(echo, 1).result()
        say({"firstMs": (time.perf_counter() - start) * 1e3})
        for line in sys.stdin:
            command = json.loads(line)
            say(asyncio.run(drive(executor, command["inFlight"], command["ms"] / 1e3)))


if __name__ == "__main__":
    main()

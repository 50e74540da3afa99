"""Emits from many threads, or from many tasks, at the same time."""

import asyncio
import sys
import threading

from emitting import emit, set_up


def threads() -> None:
    """Emit from threads, the last of which outlive the main thread."""
    for number in range(16):
        threading.Thread(target=emit, args=(f"thread {number}", 250)).start()


def tasks() -> None:
    """Emit from tasks of an event loop."""

    async def task(name: str) -> None:
        for number in range(20):
            emit(name, 1, number)
            await asyncio.sleep(0)

    async def run() -> None:
        await asyncio.gather(*(task(f"task {number}") for number in range(200)))

    asyncio.run(run())


if __name__ == "__main__":
    set_up()
    globals()[sys.argv[1]]()

"""A Celery application whose broker is a folder, and whose tasks emit; its worker is ended while there is work."""

import os
import sys
from pathlib import Path

from celery import Celery
from emitting import emit, set_up

FOLDER = os.environ.get("BROKER_FOLDER", "")
EVENTS = 20

app = Celery("tasks", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": f"{FOLDER}/queue",
        "data_folder_out": f"{FOLDER}/queue",
        "control_folder": f"{FOLDER}/control",
    },
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


@app.task
def work(number: int) -> None:
    """Emit a few events, and leave a mark when they are emitted."""
    emit(f"task {number}", EVENTS)
    Path(FOLDER, "done", str(number)).touch()


if __name__ == "__main__":
    for task in range(int(sys.argv[1])):
        work.delay(task)
else:
    # Here, in the master, and not in each of the processes that it forks.
    set_up()

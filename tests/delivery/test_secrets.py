"""Secrets: the write key goes to the endpoint and nowhere else."""

import logging
from base64 import b64encode

import pytest
from doors import KEY, MakeDoor
from ports import free_port

from otel_segment import ConfigurationError, SegmentLogRecordExporter
from otel_segment.inspector import Action, Answer, Cut, LocalEndpoint, Reset

SECRETS = (KEY, b64encode(f"{KEY}:".encode()).decode())


@pytest.mark.parametrize("auth", ["basic", "header", "body"])
@pytest.mark.parametrize(
    "fault",
    [
        None,
        Answer(500, body=f"try again, {KEY}"),
        Answer(401, body="bad key: " + " ".join(SECRETS)),
        Answer(302, {"Location": f"https://elsewhere.example/?key={KEY}"}),
        Answer(307),
        Cut(),
        Reset(),
        "refused",
    ],
    ids=["well", "500", "401", "redirect", "no address", "cut", "reset", "refused"],
)
def test_nowhere_else(
    endpoint: LocalEndpoint,
    make_door: MakeDoor,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    auth: str,
    fault: Action,
) -> None:
    """No log line of ours or of what we use, no count, message or representation shows the key, at any level."""
    caplog.set_level(logging.DEBUG)
    told = []
    if fault == "refused":
        where = f"http://127.0.0.1:{free_port()}"
    else:
        where = endpoint.url
        endpoint.behave(lambda _: fault)
    door = make_door(
        endpoint=where,
        auth=auth,
        max_retry_time=0,
        shutdown_timeout=0,
        on_delivered=told.append,
        on_dropped=lambda *what: told.append(what),
    )
    door.emit()
    assert door.flush()
    door.ours.shutdown()
    door.emit()
    delivery = door.ours._pipeline.delivery
    shown = [caplog.text, *capfd.readouterr(), repr(told), repr(door.stats), repr(door.ours), repr(delivery.settings)]
    shown += [str(vars(record)) for record in caplog.records]
    shown.append(str(delivery.attributes))
    assert told
    assert not [text for text in shown for secret in SECRETS if secret in text]


def test_errors_of_the_configuration() -> None:
    """A wrong setting is explained without the key."""
    with pytest.raises(ConfigurationError) as caught:
        SegmentLogRecordExporter(write_key=KEY, endpoint=KEY, timeout="soon", auth=KEY)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("is_up", [True, False], ids=["refuses", "is away"])
def test_key_in_the_address(
    endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture, is_up: bool
) -> None:
    """A key that stands in the address itself is masked wherever the address is said."""
    caplog.set_level(logging.DEBUG, "otel_segment")
    where = endpoint.url if is_up else f"http://127.0.0.1:{free_port()}"
    door = make_door(endpoint=where, path=f"/{KEY}/v1/batch", max_retry_time=0.1, shutdown_timeout=0)
    door.emit()
    assert door.flush()
    door.emit()
    door.ours.shutdown()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("otel_segment")]
    assert sum(where in line for line in lines) > 1
    assert not any(KEY in line for line in lines), lines

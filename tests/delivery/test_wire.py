"""The pure part: statuses to verdicts, and messages to bodies."""

import msgspec
import pytest

from otel_segment.wire import Batch, Verdict, encode_body, judge

RETRIED_4XX = {408, 410, 429, 460}
FINAL_5XX = {501, 505}


def expected(status: int) -> Verdict:
    """Say what the table of answers says."""
    if 200 <= status <= 299:
        return Verdict.ACCEPTED
    if 300 <= status <= 399:
        return Verdict.REDIRECTED
    if status in RETRIED_4XX or (status >= 500 and status not in FINAL_5XX):
        return Verdict.RETRY
    if status in (400, 413):
        return Verdict.DIVIDE
    return Verdict.UNAUTHORIZED if status in (401, 403) else Verdict.REJECTED


def test_every_status() -> None:
    """Each status there can be means what the table says."""
    assert {status: judge(status) for status in range(200, 1_000)} == {
        status: expected(status) for status in range(200, 1_000)
    }


def test_body() -> None:
    """A body is the messages as they are, the time of the attempt, and the key where it belongs there."""
    batch = Batch()
    assert batch.add(b'{"n":1}')
    assert batch.add(b'{"n":2}')
    assert encode_body(batch.messages, "2026-01-02T03:04:05.678Z") == (
        b'{"batch":[{"n":1},{"n":2}],"sentAt":"2026-01-02T03:04:05.678Z"}'
    )
    assert msgspec.json.decode(encode_body(batch.messages, "now", '"key"')) == {
        "batch": [{"n": 1}, {"n": 2}],
        "sentAt": "now",
        "writeKey": "key",
    }
    assert len(batch) == 2


@pytest.mark.parametrize(("size", "count"), [(189, 2_500), (190, 2_486), (32_768, 14)])
def test_limits(size: int, count: int) -> None:
    """A batch takes what fits into both limits, and its body stays within 500,000 bytes."""
    batch = Batch()
    message = b'"' + b"x" * (size - 2) + b'"'
    while batch.add(message):
        pass
    assert len(batch) == count
    assert len(encode_body(batch.messages, "2026-01-02T03:04:05.678Z", '"wk-0123456789abcdef-f3a1"')) <= 500_000

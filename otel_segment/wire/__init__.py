"""Payloads to bytes, bytes to requests, answers to verdicts: no I/O, no clock."""

from otel_segment.wire._backoff import FIRST_DELAY, backoff
from otel_segment.wire._batch import Batch, encode_body
from otel_segment.wire._isolation import Isolation
from otel_segment.wire._limits import MAX_BATCH_EVENT_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES
from otel_segment.wire._message import decode_message, encode_message, encode_messages
from otel_segment.wire._verdict import TOO_LARGE, Verdict, judge, retry_after

__all__ = [
    "FIRST_DELAY",
    "MAX_BATCH_EVENTS",
    "MAX_BATCH_EVENT_BYTES",
    "MAX_EVENT_BYTES",
    "TOO_LARGE",
    "Batch",
    "Isolation",
    "Verdict",
    "backoff",
    "decode_message",
    "encode_body",
    "encode_message",
    "encode_messages",
    "judge",
    "retry_after",
]

"""Emits twice in what looks like uWSGI of a version and with options that the arguments give, as JSON."""

import json
import sys
import types

uwsgi = types.ModuleType("uwsgi")
uwsgi.__dict__.update(
    version=sys.argv[1].encode(),
    opt={name: value if value is True else value.encode() for name, value in json.loads(sys.argv[2]).items()},
)
sys.modules["uwsgi"] = uwsgi

from emitting import emit, set_up  # noqa: E402

import otel_segment  # noqa: E402

set_up()
emit("first", 1)
otel_segment.flush(20)
emit("second", 1)

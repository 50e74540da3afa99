"""Run a command against a local Segment-compatible endpoint, and print the calls that arrived: no account needed.

``python examples/with_endpoint.py python examples/plain_script.py``
"""

import json
import os
import subprocess
import sys

from otel_segment.inspector import LocalEndpoint

with LocalEndpoint() as endpoint:
    environment = {"OTEL_EXPORTER_SEGMENT_ENDPOINT": endpoint.url, "SEGMENT_WRITE_KEY": "example-key"}
    try:
        code = subprocess.run(sys.argv[1:], env=os.environ | environment, check=False).returncode
    except KeyboardInterrupt:
        code = 130
    for event in endpoint.received:
        print(json.dumps(event.message, indent=2, ensure_ascii=False))
        for problem in event.problems:
            print(f"  {problem.outcome} by Segment: {problem.sentence}")
    print(f"{len(endpoint.received)} call(s) arrived")

sys.exit(code)

"""Test cases of ``unittest``, and so of Django."""

import sys
from typing import ClassVar
from unittest import TestCase, TestResult

from otel_segment.settings import SettingsArguments
from otel_segment.testing._capture import Capture
from otel_segment.testing._events import SegmentEvents

__all__ = ["SegmentTestCase"]


class SegmentTestCase(TestCase):
    """A test case whose events are in ``self.segment_events``, instead of being sent.

    It stands before other test cases: ``class Checkout(SegmentTestCase, django.test.TestCase)``. What ``setUp`` and
    ``tearDown`` emit belongs to the test; nothing needs to call ``super()``.

    Attributes:
        segment_settings: Settings that go before the application's, such as ``mapping`` and ``before_send``.
        segment_events: The events that the test has emitted so far.
    """

    segment_settings: ClassVar[SettingsArguments] = {}
    segment_events: SegmentEvents

    def run(self, result: TestResult | None = None) -> TestResult | None:
        """Run the test."""
        capture = Capture(self.segment_settings)
        try:
            capture.start()
        except Exception:  # noqa: BLE001 - it is this test's error, and the others are to run
            return self._report_error(self.defaultTestResult() if result is None else result)
        self.segment_events = capture.events
        try:
            return super().run(result)
        finally:
            capture.stop()

    def debug(self) -> None:
        """Run the test without collecting the result, as debuggers do."""
        capture = Capture(self.segment_settings)
        capture.start()
        self.segment_events = capture.events
        try:
            super().debug()
        finally:
            capture.stop()

    def _report_error(self, result: TestResult) -> TestResult:
        result.startTest(self)
        result.addError(self, sys.exc_info())
        result.stopTest(self)
        return result

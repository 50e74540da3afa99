"""``SegmentTestCase``: under unittest's own runner, and under Django's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

UNITTEST = """
import unittest

from otel_segment import analytics
from otel_segment.testing import SegmentTestCase


class TestOrders(SegmentTestCase):
    segment_settings = {"mapping": {"rules": [{"match": "Noise", "ignore": True}]}}

    def setUp(self):
        analytics.identify("u-1")

    def tearDown(self):
        analytics.track("u-1", "Torn Down")
        self.segment_events.tracked("Torn Down")

    def test_order(self):
        analytics.track("u-1", "Order Completed", {"revenue": 5})
        analytics.track("u-1", "Noise")
        self.segment_events.tracked("Order Completed", revenue=5)
        self.assertEqual(len(self.segment_events), 2)

    def test_other(self):
        self.segment_events.of("track").none()
        self.segment_events.identified("u-1")


class TestAsync(SegmentTestCase, unittest.IsolatedAsyncioTestCase):
    async def test_order(self):
        analytics.track("u-1", "Order Completed")
        self.segment_events.one()


class TestWrong(SegmentTestCase):
    segment_settings = {"timeout": "soon"}

    def test_never_runs(self):
        raise AssertionError
"""

SETTINGS = """
SECRET_KEY = "not one"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
MIDDLEWARE = ["otel_segment.instrumentation.django.AnalyticsMiddleware"]
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["*"]
"""

URLS = """
from django.http import HttpResponse
from django.urls import path

from otel_segment import analytics


def order(request, number):
    analytics.track("u-1", "Order Completed", {"number": number})
    return HttpResponse("<html><title>Thanks</title></html>")


urlpatterns = [path("orders/<int:number>", order)]
"""

DJANGO = """
from django.db import transaction
from django.test import SimpleTestCase, TestCase

from otel_segment import analytics
from otel_segment.testing import SegmentTestCase

BROWSER = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
           "HTTP_ACCEPT": "text/html"}


class TestOrders(SegmentTestCase, TestCase):
    def test_order(self):
        self.client.get("/orders/5", **BROWSER)
        self.segment_events.tracked("Order Completed", number=5)
        self.segment_events.paged("/orders/<int:number>")

    def test_order_is_alone(self):
        self.client.get("/orders/6", **BROWSER)
        self.segment_events.of("track").one()

    def test_after_the_commit(self):
        with self.captureOnCommitCallbacks(execute=True):
            transaction.on_commit(lambda: analytics.track("u-1", "Committed"))
            self.segment_events.none()
        self.segment_events.tracked("Committed")


class TestPlain(SegmentTestCase, SimpleTestCase):
    def test_nothing(self):
        self.segment_events.none()
"""


def run(folder: Path, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder."""
    full = [sys.executable, "-m", *command]
    return subprocess.run(full, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | variables)


@pytest.mark.parametrize("runner", ["unittest", "pytest"])
def test_unittest(tmp_path: Path, runner: str) -> None:
    """Events from setUp to tearDown are the test's, and nobody else's; wrong settings are the error of one test."""
    (tmp_path / "test_orders.py").write_text(UNITTEST, encoding="utf-8")
    options = ("-p", "no:cacheprovider") if runner == "pytest" else ("-v",)

    ended = run(tmp_path, runner, *options, "test_orders.py")

    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "otel_segment cannot start. timeout: cannot use" in said
    assert ("3 passed" in said) if runner == "pytest" else ("Ran 4 tests" in said and "FAILED (errors=1)" in said), said


def test_django(tmp_path: Path) -> None:
    """Django's test runner runs such test cases, before its own classes, with its client and its transactions."""
    pytest.importorskip("django")
    for name, text in {"settings": SETTINGS, "urls": URLS, "test_orders": DJANGO}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    ended = run(tmp_path, "django", "test", DJANGO_SETTINGS_MODULE="settings")

    assert ended.returncode == 0, ended.stderr
    assert "Ran 4 tests" in ended.stderr


def test_debug(tmp_path: Path) -> None:
    """Without a result, as debuggers run tests, it is the same."""
    (tmp_path / "test_orders.py").write_text(UNITTEST, encoding="utf-8")
    code = "import unittest, test_orders; unittest.TestSuite([test_orders.TestOrders('test_order')]).debug()"
    (tmp_path / "debugging.py").write_text(code, encoding="utf-8")

    ended = run(tmp_path, "debugging")

    assert ended.returncode == 0, ended.stderr

"""Which user agents are programs'."""

import logging
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_segment.instrumentation._bots import is_bot

PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 Version/4.0 Chrome/141.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
    "Opera/9.80 (Android; Opera Mini/36.2/191.249; U; en) Presto/2.12.423 Version/12.16",
]
PROGRAMS = [
    "",
    "  ",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "curl/8.5.0",
    "Wget/1.21.4",
    "python-requests/2.32.3",
    "Go-http-client/1.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 11) AppleWebKit/537.36 Chrome/136.0 Safari/537.36 Chrome-Lighthouse",
]
CASES = [(agent, False) for agent in PEOPLE] + [(agent, True) for agent in PROGRAMS]

WITHOUT_LIST = """
import sys
sys.modules["crawleruseragents"] = None
from otel_segment.instrumentation._bots import is_bot
for agent in sys.argv[1:]:
    print(is_bot(agent))
"""


@pytest.mark.parametrize(("agent", "is_program"), CASES)
def test_listed(agent: str, is_program: bool) -> None:
    """Browsers are people's, what is on the list of crawlers is a program's, and so is what does not say."""
    pytest.importorskip("crawleruseragents")

    assert is_program is is_bot(agent)


def test_as_the_list_says() -> None:
    """The verdict on each example of the list is the one of the list's own function."""
    listed = pytest.importorskip("crawleruseragents")
    agents = {agent[:512] for entry in listed.CRAWLER_USER_AGENTS_DATA for agent in entry["instances"] if agent.strip()}
    agents |= {agent[1:] for agent in list(agents)[:500]} | {agent.lower() for agent in list(agents)[:500]} | {*PEOPLE}

    assert {agent for agent in agents if listed.is_crawler(agent)} == {agent for agent in agents if is_bot(agent)}


def test_without_the_list() -> None:
    """Without the package the plain cases are told all the same, and what to install is said once."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIST, *(agent for agent, _ in CASES)], capture_output=True, text=True, check=True
    )

    assert [str(is_program) for _, is_program in CASES] == done.stdout.split()
    assert done.stderr.count("pip install crawler-user-agents") == 1


def test_list_is_loaded_late() -> None:
    """Nothing is read before the first user agent is judged."""
    code = "import sys, otel_segment.instrumentation._bots; print('crawleruseragents' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize(
    "filling", ["a", " ", "Spider", "Current", "ContextualBot", "bot", "(", "Mozilla/5.0 ", "\0", "\ud800"]
)
def test_large_agents(filling: str, caplog: pytest.LogCaptureFixture) -> None:
    """Of 100 KB only the beginning is looked at."""
    with caplog.at_level(logging.DEBUG):
        assert is_bot(filling * 100_000) is is_bot((filling * 512)[:512])

    assert "bot" not in [record.getMessage() for record in caplog.records if record.levelno > logging.WARNING]


@settings(max_examples=150, deadline=None)
@given(st.text())
def test_never_raises(agent: str) -> None:
    """Any text gets a verdict."""
    assert is_bot(agent) in {True, False}

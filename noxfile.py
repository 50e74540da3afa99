"""The project's chores. ``nox`` runs those that do not take long or only show something; ``nox -l`` lists all."""

import shutil
import sys
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.11.12"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
# A machine has the interpreters that it has, CI's too: the others are named as skipped.
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "oldest", "frameworks", "faults", "examples", "package"]

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
MEASURED = RUNNING if RUNNING in PYTHONS else PYTHONS[-1]
"""The one interpreter that coverage is measured on: the tests take half as long again with it."""

EXTRAS = "auto,completion,demo,inspector,oauth,yaml"

# The laws of conversion take the most time; pytest by itself tries several times as many.
FEWER_EXAMPLES = {"LAW_EXAMPLES": "100"}

# What the figures are measured with; the tests of every day have less of all this.
FULL_LENGTH = {"FAULT_SECONDS": "30", "SOAK_SECONDS": "600", "KILL_RUNS": "100"}

WHOLE_SUITE = ["--numprocesses=4", "--dist=worksteal"]
"""More than there may be processors: most of the time the tests wait for processes that they have started."""

BUT_SESSIONS = ("--ignore=tests/faults", "--ignore=tests/test_examples.py")
"""What has a session of its own: breaking delivery takes minutes, and the examples are the same everywhere."""

BUT_INSTRUMENTATION = "--ignore=tests/instrumentation"
"""What depends on web frameworks more than on our own dependencies has a session of its own, too."""

BUT_LAWS = [
    f"--ignore=tests/{name}.py"
    for name in ("test_laws", "test_mapping_laws", "test_privacy_laws", "test_mapping_command")
]
"""What holds for any event, and is shown at length, holds on one interpreter as on the other."""

BUT_PROCESSES = [
    f"--ignore=tests/{name}"
    for name in (
        *("clients", "doctor", "inspector", "test_commands.py", "test_completion.py", "test_demo.py"),
        *("test_processes.py", "test_replay.py", "test_readme.py", "test_run_command.py"),
        *("test_send_command.py", "test_spool_command.py", "test_tail_command.py"),
    )
]
"""What starts many processes, or a browser, takes the most time, and is left to the measured session."""

OLD_FRAMEWORKS = (
    *("flask==2.0.3", "werkzeug==2.0.3", "flask-login==0.6.2"),
    *("django==4.2", "starlette==0.40.0", "fastapi==0.115.2"),
)
"""The oldest of each that is instrumented; the measured session has the newest."""

FRAMEWORK_TESTS = [
    f"tests/instrumentation/test_{name}.py" for name in ("asgi", "django_middleware", "flask", "starlette", "wsgi")
]

BRIEF = [f"tests/test_{name}.py" for name in ("analytics", "cases", "fields", "language", "settings")]
"""What is run on the interpreters besides: what is emitted, made of it, and how it is set."""

THREADED = ("tests/delivery", "tests/spool", "tests/test_visitor.py")
"""What depends on an interpreter's threads, forks and exit."""

NEWEST = ("3.13", "3.14")
"""The interpreters that run that, too; the oldest has ``oldest``."""

# The extra "yaml" cannot be among the oldest: what reads configuration files came after the SDK's oldest version.
OLDEST_EXTRAS = ("auto", "demo", "oauth")
OLDEST_MORE = ("pyyaml",)

INSPECT_WHEEL = """
from importlib.metadata import distribution
import otel_segment

for name in otel_segment.__all__:
    getattr(otel_segment, name)
found = {(point.group, point.name): point for point in distribution("otel-segment").entry_points}
for (group, name), point in found.items():
    # The plugin of pytest needs pytest, which is not there.
    print(f"{group}: {name} = {point.value}", "" if group == "pytest11" else f"-> {point.load().__name__}")
assert {group for group, _ in found} == {
    *("console_scripts", "opentelemetry_instrumentor", "opentelemetry_logs_exporter", "opentelemetry_traces_exporter"),
    "pytest11",
}
"""


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*_group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the package, and of its public names as an application sees them."""
    session.install("-e", f".[{EXTRAS}]", *_group("types"))
    session.run("mypy")
    session.run("pyright")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests: on one interpreter with the coverage that is demanded, on the others without."""
    session.install("-e", f".[{EXTRAS}]", *_group("test"))
    if session.python != MEASURED or session.posargs:
        some = [*BRIEF, *THREADED] if session.python in NEWEST else BRIEF
        session.run("pytest", *(session.posargs or [*WHOLE_SUITE, *some]), env=FEWER_EXAMPLES)
        return
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *WHOLE_SUITE, *BUT_SESSIONS, env=FEWER_EXAMPLES)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run the tests on the lowest version of every dependency that pyproject.toml admits."""
    session.install("-e", f".[{','.join(OLDEST_EXTRAS)}]", *_lowest(), *_group("test"))
    session.run(
        "pytest",
        *(session.posargs or [*WHOLE_SUITE, *BUT_SESSIONS, BUT_INSTRUMENTATION, *BUT_LAWS, *BUT_PROCESSES]),
        env=FEWER_EXAMPLES,
    )


@nox.session(python=PYTHONS[0])
def frameworks(session: nox.Session) -> None:
    """Run the tests of the web instrumentation with the oldest frameworks, and all else as old."""
    session.install("-e", ".[auto]", *_lowest(("auto",)), *OLD_FRAMEWORKS, *_group("test"))
    session.run("pytest", *(session.posargs or [*WHOLE_SUITE, *FRAMEWORK_TESTS]), env=FEWER_EXAMPLES)


@nox.session
def faults(session: nox.Session) -> None:
    """Break delivery on purpose: endpoints, disks, processes."""
    session.install("-e", f".[{EXTRAS}]", *_group("test"))
    session.run("pytest", "tests/faults", *(session.posargs or WHOLE_SUITE))


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example against the local endpoint and check what arrives."""
    session.install("-e", f".[{EXTRAS}]", *_group("test"))
    session.run("pytest", "tests/test_examples.py", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Build the distributions, and try the wheel in an environment that has nothing else."""
    session.install("build[uv]")
    folder = Path(session.create_tmp()).resolve()
    built, clean = folder / "dist", folder / "clean"
    shutil.rmtree(built, ignore_errors=True)
    # The wheel is built from the sdist, so that both are known to be whole.
    session.run("python", "-m", "build", "--installer", "uv", "--outdir", str(built))
    session.run("python", "-m", "venv", "--clear", str(clean))
    scripts = clean / ("Scripts" if sys.platform == "win32" else "bin")
    session.run(
        str(scripts / "python"), "-m", "pip", "install", "--quiet", *map(str, built.glob("*.whl")), external=True
    )
    session.run(str(scripts / "python"), "-I", "-c", INSPECT_WHEEL, external=True)
    session.run(str(scripts / "otel-segment"), "--version", external=True)


@nox.session
def demo(session: nox.Session) -> None:
    """Run the demonstration once, as a check."""
    session.install("-e", ".[demo]")
    session.run("otel-segment", "demo", *(session.posargs or ["--once"]))


@nox.session
def soak(session: nox.Session) -> None:
    """Run the tests under faults at full length: long outages, ten minutes of all faults, a hundred runs killed."""
    session.install("-e", f".[{EXTRAS}]", *_group("test"))
    session.run("pytest", *(session.posargs or ["tests/faults"]), env=FULL_LENGTH)


@nox.session
def bench(session: nox.Session) -> None:
    """Compare with other libraries; ``nox -s bench -- --quick`` for a first look."""
    session.install("-e", ".", *_group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def screenshots(session: nox.Session) -> None:
    """Make the pictures of the inspector's page, two of which the README shows."""
    session.install("-e", ".[inspector]", *_group("pictures"))
    session.run("python", "tests/inspector/page/screenshots.py", *(session.posargs or ["docs/pictures"]))


def _group(name: str) -> list[str]:
    return nox.project.dependency_groups(PROJECT, name)


def _lowest(extras: tuple[str, ...] = OLDEST_EXTRAS) -> list[str]:
    """Pin the dependencies, and those of the extras that are tested, to the lowest versions that they admit."""
    project = PROJECT["project"]
    optional = project["optional-dependencies"]
    texts = [*project["dependencies"], *(text for extra in extras for text in optional[extra])]
    texts += [text for texts in optional.values() for text in texts if Requirement(text).name in OLDEST_MORE]
    return [_pinned(Requirement(text)) for text in dict.fromkeys(texts)]


def _pinned(requirement: Requirement) -> str:
    (lowest,) = (bound.version for bound in requirement.specifier if bound.operator == ">=")
    return f"{requirement.name}=={lowest}"

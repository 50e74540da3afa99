"""Which exporter each signal uses, and what keeps OpenTelemetry from starting."""

import os
from collections.abc import Iterator, Sequence

from otel_segment.cli.doctor._config_file import VARIABLE, ConfigFile
from otel_segment.cli.doctor._entry_points import EXPORTERS, names_of
from otel_segment.cli.doctor._findings import Finding, broken, fine, unknown, warning
from otel_segment.cli.doctor._variables import near
from otel_segment.cli.doctor._versions import installed

__all__ = ["check_signals"]

_VARIABLES = {signal: f"OTEL_{signal.upper()}_EXPORTER" for signal in EXPORTERS}
_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
_BY_PROTOCOL = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}
_PACKAGES = {name: f"opentelemetry-exporter-{name.replace('_', '-')}" for name in _BY_PROTOCOL.values()}
_OTLP = "opentelemetry-exporter-otlp"
_DISTRO = "opentelemetry-distro"
_QUIET_SAMPLERS = frozenset(("", "always_on", "parentbased_always_on"))
_TOLD = (
    *("OTEL_SERVICE_NAME", "OTEL_PROPAGATORS", "OTEL_PYTHON_DISTRO", "OTEL_PYTHON_CONFIGURATOR"),
    *("OTEL_PYTHON_LOG_CORRELATION", "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED"),
    *("OTEL_BLRP_MAX_QUEUE_SIZE", "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_SCHEDULE_DELAY"),
    *("OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT"),
)
_NOT_ARRANGED = (
    "no variable chooses an exporter: fine where the code calls otel_segment.configure() or analytics; under "
    "opentelemetry-instrument nothing goes to Segment until OTEL_LOGS_EXPORTER=segment"
)


def check_signals(file: ConfigFile | None) -> Iterator[Finding]:
    """Say for each signal where it goes."""
    if _is_true("OTEL_SDK_DISABLED"):
        yield warning(
            "the OpenTelemetry SDK is switched off: no event is recorded, and nothing is sent",
            "to send events, take OTEL_SDK_DISABLED out of the environment",
            "OTEL_SDK_DISABLED",
        )
    if file is not None:
        yield from _by_file(file)
    else:
        yield from _by_name()
    for name in _TOLD:
        if value := _value(name):
            yield fine(f"{name} = {value}", name)


def _by_file(file: ConfigFile) -> Iterator[Finding]:
    yield from file.findings
    if not any(exporter.name == "segment" for exporter in file.exporters):
        what = "the settings below are those of the environment, which otel_segment.configure() in code reads"
        yield unknown(f"{file.path} gives none to Segment: {what}", VARIABLE)
    if file.is_disabled:
        yield warning(
            f"{file.path} switches the OpenTelemetry SDK off (disabled: true): nothing is sent",
            f"to send events, take disabled out of {file.path}",
            VARIABLE,
        )
    for exporter in file.exporters:
        yield from _unknown_in_file(exporter.signal, exporter.name, file.path)
    ignored = [name for name in _VARIABLES.values() if _value(name)]
    if ignored:
        yield unknown(f"{', '.join(ignored)}: not looked at, since {VARIABLE} is set", ", ".join(ignored))


def _unknown_in_file(signal: str, name: str, path: str) -> Iterator[Finding]:
    built_in = name.startswith("otlp_") or name == "console"
    names = names_of(EXPORTERS[signal])
    if not built_in and name not in names:
        cure = f"write segment in {path}, or install the package that has the exporter {name}{near(name, names)}"
        yield broken(f"{signal}: there is no exporter {name}: nothing starts, of any signal", cure, VARIABLE)


def _by_name() -> Iterator[Finding]:
    is_arranged = any(_value(variable) for variable in _VARIABLES.values())
    if not is_arranged:
        yield unknown(_NOT_ARRANGED, "default")
    to_segment = False
    for signal, variable in _VARIABLES.items():
        text = _value(variable)
        if text:
            names = [name.strip() for name in text.split(",")]
            to_segment |= "segment" in names
            yield from _chosen(signal, variable, names)
        elif is_arranged:
            yield _by_default(signal, variable)
    if is_arranged and not to_segment:
        cure = "set OTEL_LOGS_EXPORTER=segment (or segment,otlp for both), unless the code calls configure()"
        yield warning("no signal goes to Segment by the environment", cure, ", ".join(_VARIABLES.values()))
    if is_arranged and installed(_DISTRO) is None:
        yield broken(
            f"{_DISTRO} is not installed: opentelemetry-instrument sets nothing up, and these variables do nothing",
            "pip install 'otel-segment[auto]'",
        )
    sampler = _value("OTEL_TRACES_SAMPLER")
    if "segment" in _value(_VARIABLES["traces"]) and sampler not in _QUIET_SAMPLERS:
        yield warning(
            f"traces are sampled ({sampler}): events on spans that are not sampled never leave",
            "emit events as log records (OTEL_LOGS_EXPORTER=segment), which are not sampled",
            "OTEL_TRACES_SAMPLER",
        )


def _chosen(signal: str, variable: str, names: Sequence[str]) -> Iterator[Finding]:
    if [name.lower() for name in names] == ["none"]:
        yield fine(f"{signal}: nowhere (none)", variable)
        return
    for name in names:
        yield _exporter(signal, variable, name)


def _exporter(signal: str, variable: str, name: str) -> Finding:
    group = EXPORTERS[signal]
    known = names_of(group)
    entry = _entry_name(name, signal)
    if entry in known:
        return fine(f"{signal}: {name}", variable)
    start = "opentelemetry-instrument starts nothing, of any signal"
    if name == "segment":
        what = f'{signal}: there is no exporter "segment" for {signal}: {start}'
        return broken(what, f"set {variable}=none; events are logs, or events on spans", variable)
    if name.startswith("otlp"):
        return broken(f"{signal}: {name} is not installed ({entry}): {start}", _otlp_cure(entry, variable), variable)
    if name.lower() == "none":
        cure = f"take none out of {variable}, or set {variable}=none alone where nothing is to be sent"
        return broken(f'{signal}: "none" cannot stand beside others: {start}', cure, variable)
    cure = f"set {variable} to one of {', '.join((*known, 'none'))}{near(name, known)}"
    return broken(f'{signal}: there is no exporter "{name}": {start}', cure, variable)


def _by_default(signal: str, variable: str) -> Finding:
    if installed(_DISTRO) is None:
        return fine(f"{signal}: nowhere", "default")
    entry = _entry_name("otlp", signal)
    if entry in names_of(EXPORTERS[signal]):
        return unknown(f"{signal}: otlp, by default of {_DISTRO}", "default", f"set {variable}=none for none")
    what = f"{signal}: {variable} is not set, so {_DISTRO} takes otlp, which is not installed ({entry})"
    return broken(
        f"{what}: opentelemetry-instrument starts nothing, of any signal", _otlp_cure(entry, variable), "default"
    )


def _otlp_cure(entry: str, variable: str) -> str:
    return f"set {variable}=none, or pip install {_PACKAGES.get(entry, _OTLP)}; otel-segment run does the former"


def _entry_name(name: str, signal: str) -> str:
    if name != "otlp":
        return name
    protocol = _value(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL") or _value(_PROTOCOL) or "grpc"
    return _BY_PROTOCOL.get(protocol, f"otlp by the protocol {protocol}")


def _is_true(name: str) -> bool:
    return _value(name).lower() == "true"


def _value(name: str) -> str:
    return os.environ.get(name, "").strip()

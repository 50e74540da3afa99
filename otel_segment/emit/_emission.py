"""One call, all the way to the logger; nothing is raised that was not asked for."""

import logging

from otel_segment._log import logger as _log
from otel_segment._log import say
from otel_segment.emit._call import Kind, record
from otel_segment.emit._outlet import Outlet
from otel_segment.emit._plain import text
from otel_segment.emit._refusals import WithheldError, WrongArgumentError, refuse

__all__ = ["emit"]


def emit(
    outlet: Outlet,
    strict: bool,
    kind: Kind,
    event: object,
    who: tuple[object, object],
    payload: object,
    rest: tuple[object, object, object, object],
    extras: tuple[object, ...] = (),
) -> None:
    """Emit one call's record.

    Raises:
        ValueError: If an argument or a setting is wrong, and ``strict`` is on.
    """
    logger = outlet.logger(strict=strict)
    if logger is None:
        return
    on_wrong = _raise if strict else refuse
    try:
        logger.emit(record(kind, event, who, payload, rest, extras, on_wrong))
    except WithheldError:
        _log.debug("%s(): left undone, as the visitor of the request does not want to be known", kind.name)
    except WrongArgumentError as error:
        on_wrong(error)
    except Exception as error:  # noqa: BLE001 - processors are foreign code
        say("emit", logging.ERROR, "%s(): the event could not be emitted: %s", kind.name, text(error))


def _raise(error: WrongArgumentError) -> None:
    raise error

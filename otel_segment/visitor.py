"""Who is acting: set once in the OpenTelemetry context, carried by every analytics call made inside.

Like all of that context it goes along to asyncio tasks, and to threads that run in a copy of the context.
"""

from otel_segment.emit import Visitor, VisitorScope, current_visitor, use_visitor

__all__ = ["Visitor", "VisitorScope", "current_visitor", "use_visitor"]

"""A site made with Django, which knows nothing of analytics: accounts, sessions, views of all kinds.

It emits by OpenTelemetry's API alone.
"""

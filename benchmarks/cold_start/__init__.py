"""The shortest program that delivers one event, once for each contender.

Each is run in a process of its own, with the base URL of the sink as its argument.
"""

"""The page that every site serves, and where."""

__all__ = ["END", "PAGE", "PAGE_PATH", "SETTLED_PATH"]

END = "</html>\n"
"""What ends the page, and comes nowhere else."""

PAGE = f"<!doctype html>\n<html><head><title>Hello</title></head><body><h1>Hello, world</h1></body>{END}"

PAGE_PATH = "/hello"
SETTLED_PATH = "/settled"
"""Where a site delivers what is under way, and answers in plain text with the processor time of its process."""

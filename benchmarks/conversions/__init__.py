"""The conversions, one to a module: each turns a list of records into bytes by ``convert``."""

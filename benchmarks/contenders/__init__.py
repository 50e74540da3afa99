"""The contenders, one to a module, so that a process loads no other than its own."""

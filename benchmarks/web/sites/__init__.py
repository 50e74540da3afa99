"""The sites, one to a module: a page that greets, and a place that says when all is delivered."""

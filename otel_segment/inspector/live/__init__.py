"""The inspector as a server: an endpoint that keeps what arrives, and the page that shows it."""

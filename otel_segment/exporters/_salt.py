"""The secret that some mappings cannot do without."""

from otel_segment.errors import ConfigurationError
from otel_segment.mapping import Mapping

__all__ = ["check_salt"]


def check_salt(mapping: Mapping, salt: str | None) -> None:
    """Check that there is a salt where the mapping makes hashes or pseudonyms.

    Raises:
        ConfigurationError: If there is none; without it, whoever knows an address could find its hash.
    """
    needs = [
        name
        for name, is_used in (
            ("privacy.hash", bool(mapping.privacy.hash)),
            ("without_consent: anonymize", mapping.without_consent == "anonymize"),
        )
        if is_used
    ]
    if needs and not salt:
        message = (
            f'setting "privacy_salt": the mapping needs it for {" and ".join(needs)}. Give a long random secret that '
            "stays the same, as the argument privacy_salt or in OTEL_EXPORTER_SEGMENT_PRIVACY_SALT, for instance the "
            'output of: python -c "import secrets; print(secrets.token_hex(32))"'
        )
        raise ConfigurationError(message)

"""The settings of a site like ``django_site`` that emits with the calls of this package."""

from django_site.settings import *  # noqa: F403 - as Django's settings are extended

ROOT_URLCONF = "django_tracked_urls"

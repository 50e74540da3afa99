"""Makes the database of the site, with two people in it."""

import django
from django.core.management import call_command

django.setup()
call_command("migrate", verbosity=0)

from django.contrib.auth import get_user_model  # noqa: E402 - Django has to be set up

for name in ("ada", "grace"):
    get_user_model().objects.create_user(name)

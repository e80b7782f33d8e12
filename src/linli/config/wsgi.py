"""The WSGI application granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
application = get_wsgi_application()

# What was loaded stays for good: the collector need not walk it again, nor come by after every few objects.
gc.collect()
gc.freeze()
gc.set_threshold(5_000, 10, 10)

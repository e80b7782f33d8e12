from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.web"
    label = "web"
    listings = "linli.web.views.listings"

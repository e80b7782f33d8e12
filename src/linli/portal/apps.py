from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.portal"
    label = "portal"

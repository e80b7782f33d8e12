from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.api"
    label = "api"

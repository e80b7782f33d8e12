from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.measures"
    label = "measures"

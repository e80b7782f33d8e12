from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.kit"
    label = "kit"

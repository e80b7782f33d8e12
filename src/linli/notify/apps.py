from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.notify"
    label = "notify"

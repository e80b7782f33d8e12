from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.ops"
    label = "ops"

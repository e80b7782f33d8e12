from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.cases"
    label = "cases"

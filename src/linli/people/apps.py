from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.people"
    label = "people"

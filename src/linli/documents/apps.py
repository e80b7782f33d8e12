from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.documents"
    label = "documents"

from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.orgs"
    label = "orgs"

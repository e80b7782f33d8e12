from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.ledger"
    label = "ledger"

from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.people"
    label = "people"

    def ready(self) -> None:
        from linli.ledger import actions as ledger
        from linli.people.actions import history

        ledger.register(history.KIND, history.rehashed)

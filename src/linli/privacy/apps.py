from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.privacy"
    label = "privacy"

    def ready(self) -> None:
        from linli.ledger import actions as ledger
        from linli.privacy.actions import glass, reads

        ledger.register(reads.KIND, reads.rehashed)
        ledger.register(glass.KIND, glass.rehashed)

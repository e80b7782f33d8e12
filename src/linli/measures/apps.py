from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class LinliConfig(AppConfig):
    name = "linli.measures"
    label = "measures"

    def ready(self) -> None:
        """Lets the ledger hash signed rounds again and notify tell of what is here; refuses an unknown licence."""
        from linli.ledger import actions as ledger
        from linli.measures.actions import reports, rounds, telling
        from linli.measures.formulas import licences
        from linli.notify.actions import mailings

        ledger.register(rounds.LEAF, rounds.rehashed)
        mailings.sorts[reports.LETTER] = reports.DIGEST
        telling.install()

        if settings.OPEN_DATA_LICENCE not in licences():
            raise ImproperlyConfigured(
                f"LINLI_OPEN_DATA_LICENCE={settings.OPEN_DATA_LICENCE}: choose one of {', '.join(licences())}"
            )

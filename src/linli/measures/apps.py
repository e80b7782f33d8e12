from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class LinliConfig(AppConfig):
    name = "linli.measures"
    label = "measures"

    def ready(self) -> None:
        """Lets the ledger hash signed rounds again; refuses a licence whose terms could not be told to anybody."""
        from linli.ledger import actions as ledger
        from linli.measures.actions import rounds
        from linli.measures.formulas import licences

        ledger.register(rounds.LEAF, rounds.rehashed)

        if settings.OPEN_DATA_LICENCE not in licences():
            raise ImproperlyConfigured(
                f"LINLI_OPEN_DATA_LICENCE={settings.OPEN_DATA_LICENCE}: choose one of {', '.join(licences())}"
            )

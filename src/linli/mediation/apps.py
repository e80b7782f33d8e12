from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.mediation"
    label = "mediation"

    def ready(self) -> None:
        from linli.mediation import rules

        rules.install()

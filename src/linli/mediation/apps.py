from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.mediation"
    label = "mediation"

    def ready(self) -> None:
        from linli.mediation import rules
        from linli.mediation.actions import reading, referring, vetoes

        rules.install()
        reading.install()
        referring.install()
        vetoes.install()

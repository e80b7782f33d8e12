from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.mediation"
    label = "mediation"

    def ready(self) -> None:
        from linli.mediation import rules
        from linli.mediation.actions import personal, reading, referring, vetoes

        rules.install()
        reading.install()
        personal.install()
        referring.install()
        vetoes.install()

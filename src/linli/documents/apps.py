from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.documents"
    label = "documents"

    def ready(self) -> None:
        from linli.documents.actions import removing

        removing.install()

from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.api"
    label = "api"

    def ready(self) -> None:
        from linli.api.v1 import answers
        from linli.cases.actions.sweep import CHORES

        CHORES["answers"] = answers.sweep

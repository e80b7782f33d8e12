from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.notify"
    label = "notify"

    def ready(self) -> None:
        from linli.notify.actions import claims, forgetting, glass, ordered, signins

        claims.install()
        forgetting.install()
        glass.install()
        ordered.install()
        signins.install()

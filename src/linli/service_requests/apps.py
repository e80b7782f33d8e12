from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.service_requests"
    label = "service_requests"

    def ready(self) -> None:
        from linli.cases.actions import needs
        from linli.service_requests.actions import lists, personal, publishing

        if lists.is_category not in needs.category_hooks:
            needs.category_hooks.append(lists.is_category)
        publishing.install()
        personal.install()

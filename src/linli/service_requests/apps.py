from django.apps import AppConfig


class LinliConfig(AppConfig):
    name = "linli.service_requests"
    label = "service_requests"

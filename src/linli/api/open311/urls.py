"""GeoReport v2 below /open311/: the same addresses for real requests (v2) and for tests (test/v2)."""

from typing import Any

from django.urls import URLPattern, URLResolver, include, path

from . import views


def endpoint(is_test: bool) -> list[URLPattern]:
    """Every address of one endpoint."""
    given: dict[str, Any] = {"is_test": is_test}
    return [
        path("discovery.<str:suffix>", views.discover, given, name="discovery"),
        path("services.<str:suffix>", views.services, given, name="services"),
        path("services/<str:code>.<str:suffix>", views.service, given, name="service"),
        path("requests.<str:suffix>", views.requests, given, name="requests"),
        path("requests/<str:number>.<str:suffix>", views.one, given, name="request"),
        path("tokens/<str:value>.<str:suffix>", views.token, given, name="token"),
        path("photos/<uuid:photo_id>.jpg", views.photo, given, name="photo"),
        path("<path:rest>", views.nothing, given, name="nothing"),
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("discovery.<str:suffix>", views.discover, name="open311-discovery"),
    path("openapi.json", views.schema, name="open311-schema"),
    path("v2/", include((endpoint(False), "open311"))),
    path("test/v2/", include((endpoint(True), "open311-test"))),
]

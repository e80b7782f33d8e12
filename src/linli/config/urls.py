"""Every address of Linli. Each leads to a view that names its permission."""

from django.urls import URLPattern, URLResolver, include, path

from linli.web.views.mediations import agenda

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("linli.people.urls")),
    path("", include("linli.portal.urls")),
    path("desk/", include("linli.web.urls")),
    path("field/", include("linli.field.urls")),
    path("api/v1/", include("linli.api.v1.urls")),
    path("calendars/<str:token>.ics", agenda.feed, name="calendar-feed"),
    path("", include("linli.documents.urls")),
    path("open311/", include("linli.api.open311.urls")),
]

"""Addresses of the public face. A code never stands in any of them."""

from django.urls import URLPattern, URLResolver, path

from linli.portal import views
from linli.portal.views import disputes

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("report/", views.report, name="report"),
    path("report/place", views.located, name="located"),
    path("report/receipt", views.receipt, name="receipt"),
    path("track/", views.track, name="track"),
    path("track/mediation", views.mediation, name="mediation"),
    path("track/departure", views.departure, name="departure"),
    path("track/additions", views.move, {"verb": "add"}, name="additions"),
    path("track/enquiries", views.move, {"verb": "ask_progress"}, name="enquiries"),
    path("track/rating", views.move, {"verb": "rate"}, name="rating"),
    path("track/reopening", views.move, {"verb": "reopen"}, name="reopening"),
    path("track/photos/<uuid:photo_id>/<str:size>", views.photo, name="photo"),
    path("disputes/", disputes.disputes, name="disputes"),
    path("disputes/receipt", disputes.receipt, name="dispute-receipt"),
    path("disputes/progress", disputes.progress, name="dispute"),
    path("disputes/answers", disputes.answer, name="dispute-answers"),
    path("disputes/sessions/<uuid:sitting_id>/answer", disputes.session, name="dispute-session"),
    path("disputes/sessions/<uuid:sitting_id>.ics", disputes.calendar, name="dispute-calendar"),
    path("disputes/talks/<uuid:talk_id>/release", disputes.talk, name="dispute-talk"),
    path("disputes/papers/<uuid:paper_id>", disputes.paper, name="dispute-paper"),
    path("disputes/papers/<uuid:paper_id>.pdf", disputes.pdf, name="dispute-pdf"),
    path("disputes/routes", disputes.routes, name="dispute-routes"),
    path("disputes/legal-aid", disputes.legal_aid, name="dispute-legal-aid"),
    path("disputes/end", disputes.end, name="dispute-end"),
    path("grids/", views.grids, name="grids"),
    path("grids/<str:code>", views.grid, name="grid"),
    path("figures/", views.figures, name="figures"),
    path("figures/<str:month>.csv", views.figures_csv, name="figures-csv"),
    path("places", views.places, name="places"),
    path("places/<str:code>/children", views.places, name="children"),
    path("boundaries/<str:code>", views.boundaries, name="boundaries"),
    path("privacy/", views.privacy, name="privacy"),
    path("promises/", views.promises, name="promises"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("language", views.language, name="language"),
    path("size", views.size, name="size"),
    path("theme", views.theme, name="theme"),
]

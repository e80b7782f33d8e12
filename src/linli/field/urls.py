"""Below /field/: the app on the phone, and what it says to the server."""

from django.urls import URLPattern, URLResolver, path

from linli.field.views import held, shell, sync

app_name = "field"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", shell.app, name="app"),
    path("app.webmanifest", shell.manifest, name="manifest"),
    path("worker.js", shell.worker, name="worker"),
    path("me", shell.me, name="me"),
    path("push", shell.subscriptions, name="push"),
    path("receipts/<uuid:command_id>", shell.receipt, name="receipt"),
    path("batches", sync.batches, name="batches"),
    path("cases", sync.cases, name="cases"),
    path("held", held.held, name="held"),
    path("held/<uuid:held_id>/decision", held.decision, name="decision"),
    path("opening", sync.opening, name="opening"),
    path("parcels/<uuid:parcel_id>", sync.parcel, name="parcel"),
    path("phones", sync.phones, name="phones"),
    path("phones/mine", sync.own_phones, name="own_phones"),
    path("phones/<uuid:phone_id>/revocation", held.revocation, name="revocation"),
    path("reference", sync.reference, name="reference"),
    path("refused/<uuid:command_id>", sync.refused, name="refused"),
    path("refused/<uuid:command_id>/photos/<uuid:photo_id>", sync.refused_photo, name="refused_photo"),
]

from django.urls import URLPattern, URLResolver, path

from linli.documents import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("uploads/<uuid:upload_id>/thumbnail", views.upload_thumbnail, name="upload-thumbnail"),
]

"""Photos in forms: shown to the browser that sent them alone, and served so that they can be nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.test import Client, RequestFactory
from django.urls import path
from pytest_django import Settings

from linli.config import urls
from linli.documents import actions, forms, render, views
from linli.documents.actions import sealing
from linli.documents.models import Attachment, Purpose, Upload
from linli.documents.tests import pictures
from linli.documents.tests.conftest import AT
from linli.kit.ids import uuid7
from linli.people.access import public

pytestmark = pytest.mark.django_db


@public
@forms.takes_photos
def form(request: HttpRequest) -> HttpResponse:
    """A form as any of ours: what it has, and what is wrong."""
    ids, wrong = forms.take(request, request.POST.getlist("photos"))
    shown = [str(upload.id) for upload in forms.staged(request, ids)]
    return JsonResponse({"ids": ids, "wrong": " ".join(wrong), "shown": shown})


urlpatterns = [path("form", form), *urls.urlpatterns]
Send = Callable[..., dict[str, Any]]


@pytest.fixture
def send(client: Client, folder: Path, settings: Settings) -> Send:
    settings.ROOT_URLCONF = __name__

    def post(*files: bytes, name: str = "路灯.jpg", by: Client = client, **more: Any) -> dict[str, Any]:
        fields = {"photo": [SimpleUploadedFile(name, data) for data in files]} | more
        answer: dict[str, Any] = by.post("/form", fields).json()
        return answer

    return post


def thumbnail(upload: Upload) -> str:
    return f"/uploads/{upload.id}/thumbnail"


def test_a_photo_is_shown_to_the_browser_that_sent_it_and_to_no_other(send: Send, client: Client) -> None:
    assert send(pictures.plain())["wrong"] == ""
    upload = Upload.objects.get()
    shown = client.get(thumbnail(upload))
    assert shown.content == sealing.read(upload, "thumbnail")
    assert shown.content.startswith(b"\xff\xd8\xff")
    stranger = Client()
    assert stranger.get(thumbnail(upload)).status_code == 404
    assert send(by=stranger)["ids"] == []  # has a cookie of its own now
    assert stranger.get(thumbnail(upload)).status_code == 404
    forged = Client()
    forged.cookies[forms.COOKIE] = upload.holder.hex()
    assert forged.get(thumbnail(upload)).status_code == 404


def test_an_id_somebody_else_was_told_takes_nothing(send: Send) -> None:
    """Not shown, not carried on, and told as a photo that is gone; the own one stays."""
    send(pictures.plain())
    theirs, stranger = Upload.objects.get(), Client()
    answer = send(pictures.plain(), by=stranger, photos=[str(theirs.id)])
    mine = Upload.objects.exclude(pk=theirs.pk).get()
    assert answer["ids"] == answer["shown"] == [str(mine.id)]
    assert "第 1 张" in answer["wrong"]


def test_what_was_sent_before_comes_again_with_the_form(send: Send) -> None:
    first = send(pictures.plain())["ids"]
    both = send(pictures.plain(), photos=first)
    assert both["ids"][:1] == first
    assert both["shown"] == both["ids"]
    swept = str(uuid7())
    assert send(photos=[swept])["ids"] == [swept], "a repeated command has attached its photos already"
    assert send(photos=[swept])["shown"] == []
    assert "第 1、2 张" in send(photos=["'; drop table", "x"])["wrong"]


def test_the_cookie_is_for_no_script_and_goes_with_the_browser(send: Send, client: Client) -> None:
    client.get("/form")
    cookie = client.cookies[forms.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")
    send(pictures.plain())
    assert client.cookies[forms.COOKIE].value == cookie.value
    assert cookie.value.encode() not in bytes(Upload.objects.get().holder)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.4 renamed", "不是照片"),
        (pictures.plain()[:200], "照片"),
        (pictures.png_bomb(), "照片"),
        (b"\xff\xd8\xff" + bytes(13 * 1024 * 1024), "照片"),
    ],
)
def test_what_is_no_photo_is_named_and_the_others_are_kept(send: Send, data: bytes, said: str) -> None:
    answer = send(pictures.plain(), data)
    assert "路灯.jpg：" in answer["wrong"]
    assert said in answer["wrong"]
    assert len(answer["ids"]) == Upload.objects.count() == 1


def test_six_at_most(send: Send) -> None:
    answer = send(*[pictures.plain()] * 7)
    assert "最多 6 张" in answer["wrong"]
    assert len(answer["ids"]) == 6


def test_when_nothing_can_be_processed_it_is_said_to_be_our_fault(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(data: bytes) -> render.Photo:
        raise render.PhotosUnavailable

    monkeypatch.setattr(render, "photo", fail)
    assert "是我们的问题" in send(pictures.plain())["wrong"]


def test_another_site_cannot_send_one(send: Send) -> None:
    strict = Client(enforce_csrf_checks=True)
    file = SimpleUploadedFile("a.jpg", pictures.plain())
    assert strict.post("/form", {"photo": file}).status_code == 403
    assert not Upload.objects.exists()
    token = "a" * 32
    strict.cookies["linli_csrf"] = token
    file.seek(0)
    assert strict.post("/form", {"photo": file, "csrfmiddlewaretoken": token}).status_code == 200


def test_originals_stay_in_memory_and_are_cut_off(rf: RequestFactory) -> None:
    file = SimpleUploadedFile("a.jpg", bytes(14 * 1024 * 1024))
    request = rf.post("/uploads", {"before": "1", "photo": file, "after": "2"})
    forms.receive_in_memory(request)
    assert (request.POST["before"], request.POST["after"]) == ("1", "2")
    kept = request.FILES["photo"]
    assert isinstance(kept, UploadedFile)
    assert kept.size == render.MAX_BYTES + 1
    assert not hasattr(kept, "temporary_file_path")


def test_a_thumbnail_cannot_be_guessed_nor_outlive_the_upload(
    send: Send, client: Client, case_id: UUID
) -> None:
    assert client.get(f"/uploads/{uuid7()}/thumbnail").status_code == 404
    send(pictures.plain())
    upload = Upload.objects.get()
    attach(case_id, upload)
    assert client.get(thumbnail(upload)).status_code == 404


def attach(case_id: UUID, upload: Upload) -> Attachment:
    return actions.attach(
        upload_ids=[upload.id],
        case_id=case_id,
        event_number=1,
        purpose=Purpose.FEEDBACK,
        is_public=False,
        at=AT,
        by_label="城关供电所",
    )[0]


@pytest.mark.parametrize("size", ["full", "thumbnail"])
def test_a_photo_is_served_so_that_it_can_be_nothing_else(
    folder: Path, case_id: UUID, size: views.Size
) -> None:
    attachment = attach(case_id, actions.stage(data=pictures.plain(), name="a.html", at=AT))
    response = views.serve(attachment, size)
    assert response.content[:3] == b"\xff\xd8\xff"
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == 'inline; filename="photo.jpg"'
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-store"


def test_the_site_does_not_weaken_the_headers_of_a_photo(send: Send, client: Client) -> None:
    send(pictures.plain())
    response = client.get(thumbnail(Upload.objects.get()))
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-store"


def test_missing_bytes_are_a_404(folder: Path) -> None:
    upload = actions.stage(data=pictures.plain(), name="", at=AT)
    upload.file.unlink()
    with pytest.raises(Http404):
        views.serve(upload)

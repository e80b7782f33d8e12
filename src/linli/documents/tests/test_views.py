from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from linli.documents import actions, forms, render, views
from linli.documents.models import Attachment, Purpose, Upload
from linli.documents.tests import pictures
from linli.documents.tests.conftest import AT
from linli.kit.ids import uuid7

pytestmark = pytest.mark.django_db

Send = Callable[..., HttpResponse]


@pytest.fixture
def send(client: Client, folder: Path) -> Send:
    def post(
        data: bytes = b"", name: str = "路灯.jpg", accept: str = "text/html", **more: str
    ) -> HttpResponse:
        fields = {"photo": SimpleUploadedFile(name, data or pictures.plain())} | more
        return client.post("/uploads", fields, headers={"accept": accept})  # type: ignore[return-value]

    return post


def test_a_stranger_may_stage_a_photo(send: Send, client: Client) -> None:
    response = send()
    upload = Upload.objects.get()
    assert response.status_code == 201
    page = response.content.decode()
    assert f'<input type="hidden" name="photos" value="{upload.id}">' in page
    assert f'src="/uploads/{upload.id}/thumbnail"' in page
    assert "已选的照片：路灯.jpg" in page
    shown = client.get(f"/uploads/{upload.id}/thumbnail")
    assert shown.content == upload.thumbnail_file.read_bytes()


def test_a_script_gets_json(send: Send) -> None:
    response = send(accept="application/json")
    upload = Upload.objects.get()
    assert response.status_code == 201
    assert response.json() == {  # type: ignore[attr-defined]
        "id": str(upload.id),
        "name": "路灯.jpg",
        "width": 64,
        "height": 48,
        "thumbnail": f"/uploads/{upload.id}/thumbnail",
    }


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"%PDF-1.4 renamed", 415, "not_a_photo"),
        (pictures.plain()[:200], 422, "damaged"),
        (pictures.png_bomb(), 422, "too_many_pixels"),
        (b"\xff\xd8\xff" + bytes(13 * 1024 * 1024), 413, "too_many_bytes"),
    ],
)
def test_bad_input_names_the_field_and_what_to_do(send: Send, data: bytes, status: int, code: str) -> None:
    response = send(data, accept="application/json")
    assert response.status_code == status
    answer = response.json()  # type: ignore[attr-defined]
    assert (answer["field"], answer["code"]) == ("photo", code)
    assert "照片" in answer["message"]
    page = send(data)
    assert page.status_code == status
    assert answer["message"] in page.content.decode()
    assert 'role="alert"' in page.content.decode()
    assert not Upload.objects.exists()


def test_no_file_is_an_error_with_words(client: Client) -> None:
    for fields in ({}, {"photo": "text"}):
        response = client.post("/uploads", fields)
        assert response.status_code == 422
        assert "重新选择" in response.content.decode()


def test_a_name_cannot_break_out_of_the_page(send: Send) -> None:
    page = send(name='"><script>alert(1)<x y="').content.decode()
    assert "<script" not in page


def test_when_nothing_can_be_processed_it_is_said_to_be_our_fault(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(data: bytes) -> render.Photo:
        raise render.PhotosUnavailable

    monkeypatch.setattr(render, "photo", fail)
    response = send()
    assert response.status_code == 503
    assert "是我们的问题" in response.content.decode()


def test_another_site_cannot_upload(folder: Path) -> None:
    strict = Client(enforce_csrf_checks=True)
    file = SimpleUploadedFile("a.jpg", pictures.plain())
    assert strict.post("/uploads", {"photo": file}).status_code == 403
    assert not Upload.objects.exists()
    token = "a" * 32
    strict.cookies["linli_csrf"] = token
    file.seek(0)
    assert strict.post("/uploads", {"photo": file, "csrfmiddlewaretoken": token}).status_code == 201
    file.seek(0)
    assert strict.post("/uploads", {"photo": file}, headers={"x-csrftoken": token}).status_code == 201


def test_only_posting_is_allowed(client: Client) -> None:
    assert client.get("/uploads").status_code == 405


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
    send()
    upload = Upload.objects.get()
    attach(case_id, upload)
    assert client.get(f"/uploads/{upload.id}/thumbnail").status_code == 404


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
    send()
    response = client.get(f"/uploads/{Upload.objects.get().id}/thumbnail")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-store"


def test_missing_bytes_are_a_404(folder: Path) -> None:
    upload = actions.stage(data=pictures.plain(), name="", at=AT)
    upload.file.unlink()
    with pytest.raises(Http404):
        views.serve(upload)


def test_every_view_says_who_may_use_it() -> None:
    def permission(view: Callable[[HttpRequest], HttpResponse]) -> object:
        return getattr(view, "permission", None)

    assert permission(views.uploads) == "public"
    assert getattr(views.upload_thumbnail, "permission", None) == "public"


# --- the form field -----------------------------------------------------------------------------------


def cleaned(*values: str) -> list[UUID]:
    return forms.UploadsField().clean(values)


def test_the_field_gives_back_what_is_still_staged(folder: Path) -> None:
    first, second = (actions.stage(data=pictures.plain(), name="", at=AT) for _ in range(2))
    assert cleaned(str(second.id), str(first.id), str(second.id)) == [second.id, first.id]
    assert cleaned() == []
    assert forms.staged([str(second.id), "nonsense", str(uuid7()), str(first.id)]) == [second, first]


def test_the_field_says_which_photo_is_gone(folder: Path) -> None:
    upload = actions.stage(data=pictures.plain(), name="", at=AT)
    with pytest.raises(ValidationError, match="第 2、3 张"):
        cleaned(str(upload.id), str(uuid7()), "'; drop table")


def test_the_field_takes_six_at_most() -> None:
    with pytest.raises(ValidationError, match="最多 6 张"):
        cleaned(*(str(uuid7()) for _ in range(7)))

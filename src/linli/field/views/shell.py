"""The app itself: one page the same for everybody, its manifest and its service worker."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_permissions_policy.decorators import permissions_policy_override

from linli.cases import procedures
from linli.cases.actions import BadData
from linli.field.actions import assisting
from linli.field.actions.applying import MOVES
from linli.kit import clock
from linli.notify.actions import push
from linli.orgs.models import Organisation
from linli.people.access import post_of, public, requires
from linli.privacy.actions import reads
from linli.privacy.models import Group
from linli.service_requests.models import RequestType
from linli.web.forms.moves import Choices, Grouped, MoveForm
from linli.web.forms.register import RegisterForm
from linli.web.views.case import categories
from linli.web.views.screening import RoundForm

KIND = "service_request"


@public
@permissions_policy_override({"geolocation": ["self"], "microphone": ["self"], "camera": ["self"]})
@require_safe
def app(request: HttpRequest) -> HttpResponse:
    """The shell with every form in it, the same Django forms as at the desk. It holds nothing of anybody's."""
    response = render(request, "field/app.html", _shell(categories()))
    response["Cache-Control"] = "no-cache"
    tag = hashlib.sha256(response.content).hexdigest()[:20]
    if f'"{tag}"' in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304)
    response["ETag"] = f'"{tag}"'
    return response


def _shell(grouped: Grouped) -> dict[str, Any]:
    procedure = procedures.latest(KIND)
    forms = [
        {
            "verb": verb,
            "form": MoveForm(procedure.moves[verb], Choices()),
            "photos": next((need for need in procedure.moves[verb].needs if need.kind == "photos"), None),
        }
        for verb in sorted(MOVES)
    ]
    places: list[Organisation] = []
    report = RegisterForm(categories=grouped, units=[])
    types = [choice for choice in RequestType.choices if choice[0] != RequestType.ACCUSATION]
    report.fields["request_type"].choices = types  # type: ignore[attr-defined]
    county = Organisation.objects.filter(code=settings.COUNTY_CODE).first()
    return {
        "moves": forms,
        "report": report,
        "round": RoundForm(places, auto_id="round-%s"),
        "county_name": county.label if county else "",
    }


@public
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What makes the page an app on the phone's first screen."""
    icon = static("linli/favicon.svg")
    content = {
        "id": "/field/",
        "name": _("邻里 · 外勤"),
        "short_name": _("邻里外勤"),
        "lang": "en" if (get_language() or "").startswith("en") else "zh-Hans",
        "start_url": reverse("field:app"),
        "scope": reverse("field:app"),
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#ffffff",
        "theme_color": "#0f6b5c",
        "icons": [{"src": icon, "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
        "shortcuts": [{"name": _("上报一件事"), "url": reverse("field:app") + "#report"}],
    }
    response = JsonResponse(content, content_type="application/manifest+json")
    response["Cache-Control"] = "no-cache"
    return response


@public
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker with the list of what it keeps: the shell and the built files, nothing else."""
    carried = {
        "entries": [
            {"url": reverse("field:app"), "revision": _revision(request)},
            *({"url": static(f"linli/dist/{name}"), "revision": None} for name in _built("main", "field")),
            {"url": static("linli/favicon.svg"), "revision": _revision(request)},
        ],
        "title": _("邻里"),
        "body": _("有新的任务或消息，打开看。"),
        "icon": static("linli/favicon.svg"),
    }
    code = _code()
    content = f"self.LINLI = {json.dumps(carried)};\n{code}"
    return HttpResponse(content, content_type="text/javascript", headers={"Cache-Control": "no-cache"})


@lru_cache(maxsize=1)
def _manifest() -> dict[str, Any]:
    path = settings.DIST / "manifest.json"
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _built(*entries: str) -> list[str]:
    """The files of these entries with what they import, and the sprite of icons."""
    wanted, names = [f"frontend/{entry}.ts" for entry in entries] + ["frontend/icons.json"], []
    for key in wanted:
        entry = _manifest().get(key)
        if entry:
            names += [entry["file"], *entry.get("css", [])]
            wanted += [each for each in entry.get("imports", []) if each not in wanted]
    return list(dict.fromkeys(names))


def _code() -> str:
    path = settings.DIST / "sw.js"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _revision(request: HttpRequest) -> str:
    """Changes with every build, and with what the reader chose for every page: language, size and colours."""
    chosen = [request.COOKIES.get(name, "") for name in ("linli_size", "linli_theme")]
    said = json.dumps([_built("main", "field"), get_language(), chosen])
    return hashlib.sha256(said.encode()).hexdigest()[:12]


@requires("field.use")
@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Who is signed in, for an app that has to ask; and what it needs to write under their name."""
    post = post_of(request)
    content = {"csrf": get_token(request), "name": post.name, "post": post.label, "push": push.public_key()}
    return JsonResponse(content, headers={"Cache-Control": "private, no-store"})


@requires("field.use")
@require_POST
def subscriptions(request: HttpRequest) -> HttpResponse:
    """Remembers this browser, to be told of orders while it is closed."""
    try:
        given = json.loads(request.body)
        assert isinstance(given, dict)
        person_id = post_of(request).person_id
        assert person_id is not None
        push.subscribe(person_id=person_id, given=given, at=clock.now())
    except (ValueError, RecursionError, AssertionError, BadData):
        return JsonResponse({"why": _("浏览器给的地址不能用。")}, status=422)
    return JsonResponse({}, status=201)


@requires("field.use")
@require_http_methods(["GET", "POST"])
def receipt(request: HttpRequest, command_id: UUID) -> HttpResponse:
    """The paper for a resident somebody filed for, with the resident's own code; shown once, so it takes a press."""
    found, by, at = None, post_of(request), clock.now()
    if request.method == "POST" and assisting.may_print(command_id=command_id, by=by, at=at):
        reads.note_many(shown={command_id: (Group.HEADLINE,)}, by=by, what="receipt", at=at)
        with transaction.atomic():
            found = assisting.to_print(command_id=command_id, by=by, at=at)
    case, code = found if found else (None, "")
    context = {"case": case, "code": code, "is_asked": request.method == "POST"}
    response = render(request, "field/receipt.html", context)
    response["Cache-Control"] = "no-store"
    return response

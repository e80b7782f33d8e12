"""Who may do what, and why: roles, the post somebody acts under, and the guards on views."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from linli.kit import clock, codes
from linli.orgs.models import Organisation, lineage
from linli.people import scope
from linli.people.models import Grant, Person

logger = logging.getLogger(__name__)
Axis = Literal["place", "holder", "partner"]
View = Callable[..., HttpResponse]
REFUSED = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
NEVER_SHOWN = ("csrf", "password", "secret")


@dataclass(frozen=True)
class Role:
    """A named set of permissions, and the paths of a case along which it reaches."""

    name: str
    label_zh: str
    label_en: str
    permissions: frozenset[str]
    reach: frozenset[str]
    duties: frozenset[str]
    second_factor: bool

    @property
    def label(self) -> str:
        return self.label_en if (get_language() or "").startswith("en") else self.label_zh


@cache
def roles() -> dict[str, Role]:
    """Every role of roles.toml, in the order of the file."""
    with (Path(__file__).parent / "roles.toml").open("rb") as file:
        raw = tomllib.load(file)
    return {
        name: Role(
            name=name,
            label_zh=entry["label"]["zh"],
            label_en=entry["label"]["en"],
            permissions=frozenset(entry["permissions"]),
            reach=frozenset(entry["reach"]),
            duties=frozenset(entry["duties"]),
            second_factor=entry.get("second_factor", False),
        )
        for name, entry in raw.items()
    }


def roles_with_duty(duty: str) -> list[str]:
    """Names of the roles that do the work of such a desk."""
    return [role.name for role in roles().values() if duty in role.duties]


def roles_with_permission(permission: str) -> list[str]:
    """Names of the roles that may do such a thing."""
    return [role.name for role in roles().values() if permission in role.permissions]


@dataclass(frozen=True)
class Actor:
    """Somebody acting: a member of staff under one post, a reporter under their code, or Linli itself.

    `source` names the session or key they came by.
    """

    kind: Literal["staff", "reporter", "system"]
    role: str
    name: str = ""
    path: str = ""
    person_id: UUID | None = None
    grant_id: UUID | None = None
    organisation_id: UUID | None = None
    case_id: UUID | None = None
    organisation: Organisation | None = field(default=None, compare=False, repr=False)
    posted_at: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    source: str = field(default="", compare=False, repr=False)
    is_demo: bool = field(default=False, compare=False, repr=False)

    @classmethod
    def reporter(cls, case_id: UUID) -> Actor:
        """The person who reported the case, known by its tracking code alone."""
        return cls(kind="reporter", role="resident", case_id=case_id)

    @classmethod
    def party(cls, case_id: UUID) -> Actor:
        """A party to the case, known by a code of their own; which one, the kind of case knows."""
        return cls(kind="reporter", role="party", case_id=case_id)

    @classmethod
    def from_grant(cls, grant: Grant) -> Actor:
        return cls(
            kind="staff",
            role=grant.role,
            name=grant.person.name,
            path=grant.organisation.path,
            person_id=grant.person_id,
            grant_id=grant.pk,
            organisation_id=grant.organisation_id,
            organisation=grant.organisation,
            is_demo=grant.person.is_demo,
        )

    def may(self, permission: str) -> bool:
        """Whether the role holds the permission at all, whatever the case."""
        if self.kind == "system":
            return True
        role = roles().get(self.role)
        return role is not None and permission in role.permissions

    @property
    def reach(self) -> frozenset[str]:
        role = roles().get(self.role)
        return role.reach if role is not None and self.path else frozenset()

    @property
    def duties(self) -> frozenset[str]:
        """The desks whose work this post does at its own unit."""
        role = roles().get(self.role)
        return role.duties if role is not None else frozenset()

    @property
    def ancestor_paths(self) -> list[str]:
        """Paths from the root down to the unit of every post the person holds, not of this one alone.

        Rights come from the chosen post, but what concerns any of somebody's own units stays hidden from them.
        """
        return sorted({above for path in {self.path, *self.posted_at} for above in lineage(path)})

    @property
    def role_label(self) -> str:
        role = roles().get(self.role)
        return role.label if role else ""

    @property
    def label(self) -> str:
        """Unit and role, as the post chooser shows them."""
        return f"{self.organisation.label if self.organisation else ''} · {self.role_label}".strip(" ·")


SHOWN = "account_authentication_methods"  # in the session: what somebody proved who they are with
CHOSEN = "post"  # in the session: the grant somebody acts under
SYSTEM = Actor(kind="system", role="system", source="command")


def posts_of(person: Person, at: datetime) -> list[Actor]:
    """The posts somebody may act under, oldest first; a superuser administers the county without one."""
    grants = Grant.objects.filter(person=person).active(at).select_related("organisation", "person")
    posts = [Actor.from_grant(grant) for grant in grants.order_by("valid_from", "id")]
    if person.is_superuser and not any(post.role == "administrator" for post in posts):
        root = Organisation.objects.filter(code=settings.COUNTY_CODE).first()
        posts.append(
            Actor(
                kind="staff",
                role="administrator",
                name=person.name,
                path=root.path if root else "",
                person_id=person.pk,
                organisation_id=root.pk if root else None,
                organisation=root,
                is_demo=person.is_demo,
            )
        )
    posted_at = frozenset(post.path for post in posts if post.path)
    return [replace(post, posted_at=posted_at) for post in posts]


def session_source(session_key: str) -> str:
    """How a session is named where it is noted what it read: nobody can sign in with it."""
    return f"session:{codes.keyed('session', session_key.encode())[:8].hex()}" if session_key else ""


class PostEnded(Exception):
    """The post a session acts under is no longer held."""


class PostMiddleware:
    """Gives each request `posts` and `post`: rights are those of the one chosen post, never the union.

    A session acts under one post, from signing in until another is chosen; when that post ends, so does the session,
    rather than going on under another one unasked. What is kept from somebody signed in leaves a line in the log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        def load_posts() -> list[Actor]:
            if not request.user.is_authenticated:
                return []
            source = session_source(request.session.session_key or "")
            posts = [replace(post, source=source) for post in posts_of(request.user, clock.now())]
            chosen = request.session.get(CHOSEN)
            if chosen is not None and chosen not in {str(post.grant_id) for post in posts}:
                raise PostEnded
            return posts

        def load_post() -> Actor | None:
            posts = list(request.posts)  # type: ignore[attr-defined]
            return chosen_of(request, posts) if posts else None

        request.posts = SimpleLazyObject(load_posts)  # type: ignore[attr-defined]
        request.post = SimpleLazyObject(load_post)  # type: ignore[attr-defined]
        response = self.get_response(request)
        if response.status_code in REFUSED and request.user.is_authenticated:
            said = (request.user.pk, response.status_code, request.method, request.path)
            logger.warning("Person %s was answered %d at %s %s", *said)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, PostEnded):
            return None
        logout(request)
        messages.error(request, _("您刚才用的岗位已经结束，请重新登录。"))
        return _sign_in_first(request)


def chosen_of(request: HttpRequest, posts: list[Actor]) -> Actor:
    """The one of the posts the session acts under."""
    chosen = request.session.get(CHOSEN)
    return next((post for post in posts if str(post.grant_id) == chosen), posts[0])


def post_of(request: HttpRequest) -> Actor:
    """The post the request acts under; 404 where there is none."""
    posts: list[Actor] = list(request.posts)  # type: ignore[attr-defined]
    if not posts:
        raise Http404
    return chosen_of(request, posts)


def post_context(request: HttpRequest) -> dict[str, Any]:
    """`post` and `posts` for templates; lazy, so public pages ask nothing of the database."""
    return {"post": getattr(request, "post", None), "posts": getattr(request, "posts", [])}


def _marked(view: View, permission: str) -> View:
    view.permission = permission  # type: ignore[attr-defined]
    return view


def _is_words(value: str) -> bool:
    """Whether somebody wrote this: a command, a code or a number has neither blanks nor letters of a script."""
    return any(letter.isspace() or letter > "\u2e7f" for letter in value.strip())


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    """The sign-in page; a fragment asked for by a page is refused, lest the sign-in land inside that page.

    What somebody typed whose sign-in has ended is shown again, to be sent once they have signed in.
    """
    if "HX-Request" in request.headers:
        return HttpResponse(status=401)
    values = [(name, each) for name in request.POST for each in request.POST.getlist(name)]
    kept = [(name, each) for name, each in values if not any(word in name for word in NEVER_SHOWN)]
    if said := [each for _name, each in kept if _is_words(each)]:
        context = {"values": kept, "said": said, "address": request.get_full_path(), "files": request.FILES}
        return render(request, "people/sign_in_again.html", context, status=403)
    return redirect_to_login(request.get_full_path())


def is_second_factor_due(request: HttpRequest, post: Actor) -> bool:
    """Whether the post asks for more than a password, and this session has shown nothing more.

    The passwords of demonstration accounts are public; a second factor would guard nothing there.
    """
    role = roles().get(post.role)
    if role is None or not settings.SECOND_FACTOR:
        return False
    if not role.second_factor and not settings.SECOND_FACTOR_ALL:
        return False
    if post.is_demo and settings.DEMO_PASSWORDS:
        return False
    return all(shown.get("method") != "mfa" for shown in request.session.get(SHOWN, []))


def _second_factor_first(request: HttpRequest) -> HttpResponse:
    if "HX-Request" in request.headers:
        return HttpResponse(status=401)
    return redirect_to_login(request.get_full_path(), reverse("mfa_index"))


def public(view: View) -> View:
    """Open to everybody, signed in or not; of cases it reaches those that are published."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with scope.public():
            return view(request, *args, **kwargs)

    return _marked(opened, "public")


def signed_in(view: View) -> View:
    """Open to everybody who is signed in, whatever their posts."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        with scope.everything():
            return _unkept(view(request, *args, **kwargs))

    return _marked(guarded, "signed_in")


def _unkept(response: HttpResponse) -> HttpResponse:
    """No cache keeps a page of staff, unless its view says how."""
    if not response.has_header("Cache-Control"):
        response["Cache-Control"] = "no-store, private"
    return response


def confirm(request: HttpRequest) -> None:
    """Asks again who is there, before a sensitive act; what was posted goes on afterwards."""
    raise_if_reauthentication_required(request, app="linli")


def confirmed(view: View) -> View:
    """A sensitive act: whoever posts is asked again who they are, unless they have just shown it."""
    asked: View = reauthentication_required(enabled=lambda request: request.method == "POST")(view)
    return asked


def requires(permission: str) -> Callable[[View], View]:
    """Open to posts whose role holds the permission; to everybody else the page does not exist."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in_first(request)
            post = post_of(request)
            if not post.may(permission):
                raise Http404
            if is_second_factor_due(request, post):
                return _second_factor_first(request)
            with scope.acting(post):
                return _unkept(view(request, *args, **kwargs))

        return _marked(guarded, permission)

    return decorate

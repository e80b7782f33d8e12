"""API keys: of one's own post, and for an administrator all of them and those of clients without a post."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from linli.kit import clock
from linli.kit.lists import listed
from linli.people.access import Actor, confirmed, post_of, requires, roles
from linli.people.actions import PeopleError, keys
from linli.people.models import Grant, Key
from linli.web.forms.keys import OF_A_CLIENT, OF_A_POST, KeyForm

SHOWN = 200
OWN, MANAGED = "web:keys", "web:manage_keys"


@dataclass(frozen=True)
class Row:
    """A key as a page shows it; `ended` says why it opens nothing any more."""

    key: Key
    scopes: str
    post: str
    ended: str


@requires("key.own")
@require_http_methods(["GET", "POST"])
@confirmed
def own_keys(request: HttpRequest) -> HttpResponse:
    """The keys of the present post, and a new one for it."""
    return _page(request, OWN)


@requires("manage.keys")
@require_http_methods(["GET", "POST"])
@confirmed
def managed_keys(request: HttpRequest) -> HttpResponse:
    """Every key, and a new one for a client that only takes requests in."""
    return _page(request, MANAGED)


@requires("key.own")
@require_POST
def own_ending(request: HttpRequest, key_id: UUID) -> HttpResponse:
    return _end(request, key_id, OWN)


@requires("manage.keys")
@require_POST
def managed_ending(request: HttpRequest, key_id: UUID) -> HttpResponse:
    return _end(request, key_id, MANAGED)


def _page(request: HttpRequest, where: str) -> HttpResponse:
    """The list and the form; a new key's secret stands on the answer to this and nowhere else."""
    post, at = post_of(request), clock.now()
    is_own = where == OWN
    grant = Grant.objects.filter(pk=post.grant_id).first() if is_own and post.grant_id else None
    form = KeyForm(request.POST if request.method == "POST" else None, of_a_post=is_own)
    secret = ""
    if request.method == "POST" and form.is_valid():
        secret = _issue(form, post, grant, at)
        if secret:
            form = KeyForm(of_a_post=is_own)
    context = {
        "form": form,
        "rows": [_row(key, at) for key in keys.keys_of(post)[:SHOWN]],
        "secret": secret,
        "is_own": is_own,
        "is_county": post.path.count("/") == 1,
        "ending": "web:key_ending" if is_own else "web:manage_key_ending",
        "may_issue": grant is not None or not is_own,
    }
    status = 201 if secret else 422 if form.is_bound else 200
    frame = "web/api_keys.html" if is_own else "web/manage/api_keys.html"
    response = render(request, frame, context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _issue(form: KeyForm, post: Actor, grant: Grant | None, at: datetime) -> str:
    given = form.cleaned_data
    try:
        _key, secret = keys.issue(
            name=given["name"],
            scopes=given["scopes"],
            by=post,
            at=at,
            grant=grant,
            per_minute=given["per_minute"],
            expires_at=form.expires_at,
        )
    except PeopleError as error:
        field = {"expires_at": "until"}.get(error.field, error.field)
        form.add_error(field if field in form.fields else None, error.message)
        return ""
    return secret


def _end(request: HttpRequest, key_id: UUID, where: str) -> HttpResponse:
    post = post_of(request)
    key = keys.keys_of(post).filter(pk=key_id).first()
    if key is None:
        raise Http404
    try:
        keys.revoke(key=key, by=post, at=clock.now())
    except PeopleError as error:
        messages.info(request, error.message)
    else:
        messages.success(request, _("“%(name)s”已经停用，马上生效。") % {"name": key.name})
    return redirect(where)


def _row(key: Key, at: datetime) -> Row:
    words = {name: str(label) for name, label in (*OF_A_POST, *OF_A_CLIENT)}
    post = ""
    if key.grant is not None:
        role = roles().get(key.grant.role)
        post = f"{key.grant.person.name} · {key.grant.organisation.label} · {role.label if role else key.grant.role}"
    return Row(key, listed(words[name] for name in key.scopes), post, _ended(key, at))


def _ended(key: Key, at: datetime) -> str:
    if key.revoked_at is not None:
        return _("密钥已停用")
    if key.expires_at is not None and key.expires_at <= at:
        return _("已到期")
    grant = key.grant
    if grant is None:
        return ""
    over = grant.valid_until is not None and grant.valid_until <= at
    return _("岗位已结束") if over or not grant.person.is_active else ""

"""What the pages of the administration share: whose area it is, and how a refused form comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from linli.orgs.models import Organisation, within
from linli.people.access import Actor, post_of

REFUSED = 422


def is_county_wide(post: Actor) -> bool:
    """Whether the post is at the root: lists, rules and the calendar belong to the whole county."""
    return post.path.count("/") == 1


def county_post(request: HttpRequest) -> Actor:
    """The post, if it administers the whole county; to others the page does not exist."""
    post = post_of(request)
    if not is_county_wide(post):
        raise Http404
    return post


def unit_in_area(post: Actor, code: str) -> Organisation:
    """A unit of the post's area by its code; 404 for any other."""
    if not post.path:
        raise Http404
    found = Organisation.objects.filter(within("path", post.path), code=code).select_related("parent").first()
    if found is None:
        raise Http404
    return found


def add_errors(form: forms.Form, errors: Mapping[str, str]) -> None:
    """Puts an action's objections beside the fields they are about; what fits none stands above the form."""
    for name, message in errors.items():
        form.add_error(name if name in form.fields else None, message)


def show(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, refused: bool = False
) -> HttpResponse:
    shown = {"is_county": is_county_wide(post_of(request)), **context}
    return render(request, f"web/manage/{template}.html", shown, status=REFUSED if refused else 200)

"""Accounts and posts: open, close, grant, revoke."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from linli.kit import text
from linli.orgs.models import Organisation, is_within, within
from linli.people.access import Actor, Role, roles
from linli.people.actions import sessions
from linli.people.actions.history import note_change
from linli.people.models import Grant, GrantQuerySet, Person, PersonQuerySet

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
ADMINISTRATOR = "administrator"
FIRST_PASSWORD = timedelta(days=7)  # how long one lasts that somebody else has seen


class PeopleError(Exception):
    """Something about an account or a post that cannot be done: `field` is what to correct."""

    field = ""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field or self.field


class OutsideArea(PeopleError):
    """Beyond the actor's own organisation."""

    field = "organisation"


class UnknownRole(PeopleError):
    field = "role"


class AlreadyHeld(PeopleError):
    field = "role"


class PeriodBackwards(PeopleError):
    field = "until"


class UnitClosed(PeopleError):
    field = "organisation"


class OwnAccount(PeopleError):
    """Nobody gives posts to themselves nor closes their own account."""


class UsernameTaken(PeopleError):
    field = "username"


class NameMissing(PeopleError):
    field = "name"


class AccountClosed(PeopleError):
    pass


class NothingChanged(PeopleError):
    pass


def grantable_roles() -> list[Role]:
    """The roles a post may have: all but the resident's, who has no post."""
    return [role for role in roles().values() if role.name != "resident"]


def people_of(by: Actor) -> PersonQuerySet:
    """The people an administrator looks after: with a post in the area, or, for the whole county, without any."""
    if by.kind == "system":
        return PersonQuerySet(Person)
    here = Grant.objects.filter(within("organisation__path", by.path)) if by.path else Grant.objects.none()
    mine = Q(pk__in=here.values("person_id"))
    if _is_county_wide(by):
        mine |= ~Q(pk__in=Grant.objects.values("person_id"))
    return PersonQuerySet(Person).filter(mine)


def grants_in(by: Actor) -> GrantQuerySet:
    """The posts within the actor's area."""
    return Grant.objects.filter(within("organisation__path", by.path)) if by.path else Grant.objects.none()


def may_manage(*, person: Person, by: Actor, at: datetime) -> bool:
    """Whether the whole account is the actor's to change: none of its present posts lies outside the area."""
    if by.kind == "system":
        return True
    if person.is_superuser and person.pk != by.person_id:
        return PersonQuerySet(Person).filter(pk=by.person_id or person.pk, is_superuser=True).exists()
    if not people_of(by).filter(pk=person.pk).exists():
        return False
    outside = Grant.objects.filter(person=person).exclude(within("organisation__path", by.path))
    return not outside.filter(Q(valid_until=None) | Q(valid_until__gt=at)).exists()


def grant(
    *,
    person: Person,
    role: str,
    organisation: Organisation,
    by: Actor,
    at: datetime,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Grant:
    """Gives somebody a post, within the actor's own area only and never to themselves."""
    begins = valid_from or at
    _check_area(organisation, by)
    _check_role(role)
    if organisation.valid_until is not None:
        raise UnitClosed(_("“%(unit)s”已经停用，不能再设岗位。") % {"unit": organisation.label})
    if valid_until is not None and valid_until <= begins:
        raise PeriodBackwards(_("结束日期要在开始日期之后。"))
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person.pk)
        if not person.is_active:
            raise AccountClosed(_("这个账号已经停用，请先启用再授岗位。"))
        if person.pk == by.person_id and not person.is_superuser:
            raise OwnAccount(_("不能给自己授岗位，请找另一位管理员。"), "role")
        held = Grant.objects.filter(person=person, role=role, organisation=organisation)
        overlapping = held.filter(Q(valid_until=None) | Q(valid_until__gt=begins))
        if valid_until is not None:
            overlapping = overlapping.filter(valid_from__lt=valid_until)
        if overlapping.exists():
            raise AlreadyHeld(_("%(name)s在这段时间已经有这个岗位。") % {"name": person.name})
        post = Grant(
            person=person,
            role=role,
            organisation=organisation,
            valid_from=begins,
            valid_until=valid_until,
            granted_by_id=by.person_id,
        )
        post.save(force_insert=True)
        _note_post(post, "post.granted", by, at)
    return post


def revoke(*, post: Grant, by: Actor, at: datetime) -> Grant:
    """Ends a post now. It is gone at the person's next request; what they did under it stays theirs."""
    _check_area(post.organisation, by)
    with transaction.atomic():
        post.refresh_from_db(from_queryset=Grant.objects.select_for_update())
        if post.valid_until is not None and post.valid_until <= at:
            raise NothingChanged(_("这个岗位已经结束。"))
        if post.person_id == by.person_id and post.role == ADMINISTRATOR:
            raise OwnAccount(_("不能撤销自己的管理员岗位，请找另一位管理员。"))
        post.valid_from = min(post.valid_from, at)
        post.valid_until = at
        post.save(update_fields=["valid_from", "valid_until"])
        _note_post(post, "post.revoked", by, at)
    return post


def open_account(
    *, username: str, name: str, by: Actor, at: datetime, work_phone: str = "", email: str = ""
) -> tuple[Person, str]:
    """Makes an account; returns it with its initial password, which is shown once, kept only as a hash, and ends."""
    username, name = username.strip(), _checked_name(name)
    with transaction.atomic():
        if Person.objects.filter(username__iexact=username).exists():
            raise UsernameTaken(_("账号“%(username)s”已经有人用了，请换一个。") % {"username": username})
        person = Person(username=username, name=name, work_phone=work_phone, email=email)
        password = initial_password()
        person.set_password(password)
        person.password_until = at + FIRST_PASSWORD
        person.save(force_insert=True)
        note_change(by=by, at=at, what="account.opened", target=_target(person), after=_details(person))
    return person, password


def edit_account(
    *, person: Person, by: Actor, at: datetime, name: str, work_phone: str, email: str
) -> Person:
    """Changes name, telephone and e-mail."""
    _check_manageable(person, by, at)
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person.pk)
        before = _details(person)
        person.name, person.work_phone, person.email = _checked_name(name), work_phone.strip(), email.strip()
        if _details(person) == before:
            raise NothingChanged(_("没有改动。"))
        person.save(update_fields=["name", "work_phone", "email"])
        note_change(
            by=by, at=at, what="account.edited", target=_target(person), before=before, after=_details(person)
        )
    return person


def close_account(*, person: Person, by: Actor, at: datetime) -> Person:
    """Nobody signs in with it any more, from the next request on; posts and history stay."""
    if person.pk == by.person_id:
        raise OwnAccount(_("不能停用自己的账号。"))
    return _switch(person, is_active=False, what="account.closed", by=by, at=at)


def reopen_account(*, person: Person, by: Actor, at: datetime) -> Person:
    return _switch(person, is_active=True, what="account.reopened", by=by, at=at)


def set_initial_password(*, person: Person, by: Actor, at: datetime) -> str:
    """A new initial password, shown once; whoever is signed in with the old one is signed out."""
    _check_manageable(person, by, at)
    password = initial_password()
    with transaction.atomic():
        person.set_password(password)
        person.password_until = at + FIRST_PASSWORD
        person.save(update_fields=["password", "password_until"])
        sessions.end_all(person_id=person.pk)
        note_change(by=by, at=at, what="account.password_set", target=_target(person))
    return password


def keep_password(person: Person) -> None:
    """The person has chosen a password of their own: that one has no end."""
    Person.objects.filter(pk=person.pk).update(password_until=None)


def has_second_factors(person: Person) -> bool:
    return bool(Authenticator.objects.filter(user=person).exists())


def clear_second_factors(*, person: Person, by: Actor, at: datetime) -> None:
    """For somebody who has lost phone and spare codes: all of them go, and so does every sign-in."""
    _check_manageable(person, by, at)
    with transaction.atomic():
        if not Authenticator.objects.filter(user=person).delete()[0]:
            raise NothingChanged(_("没有改动。"))
        sessions.end_all(person_id=person.pk)
        note_change(by=by, at=at, what="account.factors_cleared", target=_target(person))


def initial_password() -> str:
    """Four groups of four letters and figures that are not mistaken for one another: about 79 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _n in range(4)) for _g in range(4))


def describe_unit(*, unit: Organisation, by: Actor, at: datetime, details: Mapping[str, str]) -> Organisation:
    """Changes what the tree's own history does not keep: function, telephones, area."""
    _check_area(unit, by)
    with transaction.atomic():
        unit.refresh_from_db(from_queryset=Organisation.objects.select_for_update())
        if unit.valid_until is not None:
            raise UnitClosed(_("“%(unit)s”已经停用，不能再改。") % {"unit": unit.label})
        before = {name: getattr(unit, name) for name in details}
        after = {name: " ".join(text.clean(value).split()) for name, value in details.items()}
        if before == after:
            raise NothingChanged(_("没有改动。"))
        for name, value in after.items():
            setattr(unit, name, value)
        unit.save(update_fields=list(after))
        target = ("unit", unit.code, unit.name)
        note_change(by=by, at=at, what="unit.described", target=target, before=before, after=after)
    return unit


def may_administer(unit: Organisation, by: Actor) -> bool:
    """Whether the unit lies in the actor's area, its own unit included."""
    return by.kind == "system" or is_within(unit.path, by.path)


def _is_county_wide(by: Actor) -> bool:
    return by.path.count("/") == 1


def _check_area(organisation: Organisation, by: Actor) -> None:
    if not may_administer(organisation, by):
        raise OutsideArea(_("“%(unit)s”不在您的管理范围内。") % {"unit": organisation.label})


def _check_role(role: str) -> None:
    if role not in {known.name for known in grantable_roles()}:
        raise UnknownRole(_("没有这个角色，请从名单里选。"))


def _check_manageable(person: Person, by: Actor, at: datetime) -> None:
    if not may_manage(person=person, by=by, at=at):
        raise OutsideArea(
            _("%(name)s在您的管理范围以外还有岗位，账号要由上级管理员来改。") % {"name": person.name}, ""
        )


def _checked_name(name: str) -> str:
    name = " ".join(text.clean(name).split())
    if not name or len(name) > 80:
        raise NameMissing(_("请填写姓名，最多 80 个字。"))
    return name


def _switch(person: Person, *, is_active: bool, what: str, by: Actor, at: datetime) -> Person:
    _check_manageable(person, by, at)
    with transaction.atomic():
        changed = Person.objects.filter(pk=person.pk, is_active=not is_active).update(is_active=is_active)
        if not changed:
            raise NothingChanged(_("没有改动。"))
        if not is_active:
            sessions.end_all(person_id=person.pk)
        note_change(by=by, at=at, what=what, target=_target(person))
    person.is_active = is_active
    return person


def _target(person: Person) -> tuple[str, UUID, str]:
    return "person", person.pk, person.name


def _details(person: Person) -> dict[str, str]:
    return {
        "username": person.username,
        "name": person.name,
        "work_phone": person.work_phone,
        "email": person.email,
    }


def _note_post(post: Grant, what: str, by: Actor, at: datetime) -> None:
    after = {
        "role": post.role,
        "organisation": post.organisation.code,
        "organisation_name": post.organisation.name,
        "valid_from": post.valid_from.isoformat(),
        "valid_until": post.valid_until.isoformat() if post.valid_until else "",
    }
    note_change(by=by, at=at, what=what, target=_target(post.person), after=after)

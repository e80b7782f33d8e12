"""Accounts, and the posts they hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.kit.ids import uuid7
from linli.orgs.models import Organisation


class PersonQuerySet(models.QuerySet["Person"]):
    pass


class PersonManager(BaseUserManager.from_queryset(PersonQuerySet)):  # type: ignore[misc]
    """Django asks the user model for a manager that can make accounts."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Person:
        person: Person = self.model(username=self.model.normalize_username(username), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> Person:
        return self.create_user(username, password, is_superuser=True, **fields)


class Person(AbstractBaseUser):
    """Somebody who signs in. What they may do comes from grants alone, or from being superuser."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(_("账号"), max_length=64, unique=True)
    name = models.CharField(_("姓名"), max_length=80)
    work_phone = models.CharField(_("工作电话"), max_length=32, blank=True)
    email = models.EmailField(_("电子邮件"), blank=True)
    is_active = models.BooleanField(_("启用"), default=True)
    is_superuser = models.BooleanField(_("系统管理员"), default=False)
    is_demo = models.BooleanField(_("演示"), default=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    password_until = models.DateTimeField(
        null=True, editable=False
    )  # of a first password, until it is changed

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar = ["name"]

    objects = PersonManager()

    def __str__(self) -> str:
        return self.name or self.username


class GrantQuerySet(models.QuerySet["Grant"]):
    def active(self, at: datetime) -> Self:
        """Grants in force at that moment, of people whose account is open."""
        return self.filter(valid_from__lte=at, person__is_active=True).filter(
            Q(valid_until=None) | Q(valid_until__gt=at)
        )


class Grant(models.Model):
    """A post: this person has this role in this organisation, from then until then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(_("角色"), max_length=32)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="grants")
    valid_from = models.DateTimeField(_("开始"))
    valid_until = models.DateTimeField(_("结束"), null=True, blank=True)
    granted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    objects = GrantQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "role"], name="people_org_role")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "role", "organisation"],
                condition=Q(valid_until=None),
                name="people_one_open_grant",
            )
        ]


class KeyQuerySet(models.QuerySet["Key"]):
    def standing(self, at: datetime) -> Self:
        """Keys that open something at that moment: not ended, and their post, where they have one, still held."""
        held = Grant.objects.active(at).values("pk")
        return (
            self.filter(revoked_at=None)
            .filter(Q(expires_at=None) | Q(expires_at__gt=at))
            .filter(Q(grant=None) | Q(grant__in=held))
            .select_related("grant__organisation", "grant__person")
        )


class Key(models.Model):
    """An API key: what a program may do, and under whose post. The secret itself is stored nowhere."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("名称"), max_length=80)
    prefix = models.CharField(max_length=10)
    digest = models.BinaryField(max_length=32, unique=True)
    grant = models.ForeignKey(Grant, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    scopes = models.JSONField(_("能做什么"), default=list)
    per_minute = models.PositiveIntegerField(_("每分钟次数"), default=60)
    made_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("到期"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True)

    objects = KeyQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-made_at"], name="people_key_made")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Bucket(models.Model):
    """How much somebody has lately asked: a bucket that is empty at that moment (milliseconds since 1970).

    No index on the moment: it changes with everything anybody sends, and only the seldom sweep would read it.
    """

    digest = models.BinaryField(max_length=32, primary_key=True)
    empty_at = models.BigIntegerField()

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:8]


class Change(models.Model):
    """Who changed what in the administration (accounts, posts, lists, rules, calendar). Appended, never changed.

    `target_kind` and `target_id` say what; no foreign key, because what is administered lives in many apps.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=32)
    target_kind = models.CharField(max_length=16)
    target_id = models.CharField(max_length=64)
    target_name = models.CharField(max_length=120)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["target_kind", "target_id", "-at"], name="people_change_of"),
            models.Index(fields=["-at"], name="people_change_at"),
        ]

    def record(self) -> dict[str, Any]:
        """What the leaf hash covers: everything."""
        return {
            "change": str(self.id),
            "at": self.at,
            "by": str(self.by_id) if self.by_id else None,
            "what": self.what,
            "target": [self.target_kind, self.target_id, self.target_name],
            "before": self.before,
            "after": self.after,
        }


class Session(AbstractBaseSession):
    """One browser signed in. The key is a hash: whoever reads the table cannot become anybody in it.

    `person` and `seen_at` are there so that their owner can look at their own sign-ins and end them; a row goes when
    the session ends. `news` is what this browser has still to be told: that another one signed in.
    """

    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(null=True)
    news = models.CharField(max_length=80, default="")

    class Meta(AbstractBaseSession.Meta):
        abstract = False

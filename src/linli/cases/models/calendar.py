from django.db import models
from django.utils.translation import gettext_lazy as _


class CalendarDay(models.Model):
    """A day that differs from the rule of weekdays and weekends, and who says so."""

    date = models.DateField(_("日期"), primary_key=True)
    is_working = models.BooleanField(_("上班"))
    name_zh = models.CharField(_("名称"), max_length=40)
    name_en = models.CharField(_("英文名称"), max_length=60, blank=True)
    source = models.CharField(_("依据"), max_length=120)
    is_confirmed = models.BooleanField(_("已公布"), default=False)

    def __str__(self) -> str:
        return f"{self.date} {self.name_zh}"

"""The kinds of the service as data: what each kind has, switch by switch, since which day."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class ServiceKind(models.Model):
    """One of the kinds that the terms name; a contract has exactly one."""

    code = models.CharField(_("記号"), max_length=10, primary_key=True)
    name_ja = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        name = self.name_en if (get_language() or "ja").startswith("en") else self.name_ja
        return f"{self.code} {name}"


class Switch(models.TextChoices):
    """The closed list of what a kind may have or not."""

    HAS_ACCOUNT = "has_account", _("アカウント（第6条）")
    HAS_STORAGE = "has_storage", _("データの蓄積（第5条）")
    HAS_DASHBOARD = "has_dashboard", _("データの表示")
    HAS_CSV = "has_csv", _("データ取り出し（CSV）")
    HAS_MAIL = "has_mail", _("メールの通知")
    MANUAL_SOURCE = "manual_source", _("マニュアル")
    CHANGE_NOTICE = "change_notice", _("内容変更の知らせ方")


class SwitchValue(models.TextChoices):
    """Every value that some switch takes; which takes which: VALUES."""

    YES = "yes", _("あり")
    NO = "no", _("なし")
    MANUAL = "manual", _("マニュアル")
    FORM = "form", _("申込書")
    WEB = "web", _("ウェブサイト")
    MAIL = "mail", _("メール")


OTHERS = {
    Switch.MANUAL_SOURCE: (SwitchValue.MANUAL, SwitchValue.FORM),
    Switch.CHANGE_NOTICE: (SwitchValue.WEB, SwitchValue.MAIL),
}
VALUES = {one: OTHERS.get(one, (SwitchValue.YES, SwitchValue.NO)) for one in Switch}


class KindSwitch(models.Model):
    """From `since` on, a calendar day in Japan, the switch has this value. Append only."""

    kind = models.ForeignKey(ServiceKind, on_delete=models.PROTECT, related_name="switches")
    switch = models.CharField(max_length=20, choices=Switch)
    value = models.CharField(max_length=10, choices=SwitchValue)
    since = models.DateField()
    reason = models.CharField(max_length=500)
    set_by = models.ForeignKey(
        "tenants.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    switch__in=[
                        "has_account", "has_storage", "has_dashboard", "has_csv", "has_mail",
                    ],
                    value__in=["yes", "no"],
                )
                | models.Q(switch="manual_source", value__in=["manual", "form"])
                | models.Q(switch="change_notice", value__in=["web", "mail"]),
                name="kind_switch_takes_its_values",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="no_switch_without_reason"),
        ]  # fmt: skip
        indexes = [
            # The doors' question at every request: what is in force today?
            models.Index(fields=["kind", "switch", "-since", "-id"], name="switch_in_force"),
        ]

    def __str__(self) -> str:
        return f"{self.kind_id} {self.switch}={self.value} {self.since}"

"""By which way a recipient is told."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """By which way a message goes."""

    MAIL = "mail", _("メール")
    WEBHOOK = "webhook", _("Webhook")

"""Whether a password stands alone, known from the next change on."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0008_violations_agents_papers'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='has_long_password',
            field=models.BooleanField(default=False),
        ),
    ]

from django.core.management import call_command
from django.db import migrations


def make_cache_table(apps, schema_editor):
    """The cache that all processes share: counters of tries to sign in, for example."""
    call_command("createcachetable", "base_cache", database=schema_editor.connection.alias)


class Migration(migrations.Migration):

    dependencies = [("base", "0001_initial")]

    operations = [migrations.RunPython(make_cache_table, migrations.RunPython.noop)]

"""Every uplink writes its device's heartbeat anew: with room in its page no index is touched."""

from django.db import migrations

ROOM = "ALTER TABLE devices_heartbeat SET (fillfactor = 50)"
NO_ROOM = "ALTER TABLE devices_heartbeat RESET (fillfactor)"


class Migration(migrations.Migration):

    dependencies = [("devices", "0004_things")]

    operations = [migrations.RunSQL(ROOM, NO_ROOM)]

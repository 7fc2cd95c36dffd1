"""Every wall of the house, gathered from the rooms."""

from noroshi.account import walls as account
from noroshi.alarms import walls as alarms
from noroshi.codecs import walls as codecs
from noroshi.contracts import walls as contracts
from noroshi.devices import walls as devices
from noroshi.inbox import walls as inbox
from noroshi.outbox import walls as outbox
from noroshi.readings import walls as readings
from noroshi.retention import walls as retention
from noroshi.tenants import own_walls as tenants

WALLS = (
    *tenants.WALLS,
    *outbox.WALLS,
    *contracts.WALLS,
    *codecs.WALLS,
    *inbox.WALLS,
    *devices.WALLS,
    *readings.WALLS,
    *retention.WALLS,
    *alarms.WALLS,
    *account.WALLS,
)

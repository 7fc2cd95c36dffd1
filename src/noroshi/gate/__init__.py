"""The networks' door: callbacks, group commit, downlink answers."""

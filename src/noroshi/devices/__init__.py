"""What stands in the field: the register, types, sites, downlinks."""

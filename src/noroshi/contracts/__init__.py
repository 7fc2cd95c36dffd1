"""On what terms: contracts, their conditions in force on a day, and what they license."""

"""The roof: settings, urls, the command line."""

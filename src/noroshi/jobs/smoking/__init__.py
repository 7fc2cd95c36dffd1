"""What `noroshi smoke` is made of: a person with a browser, a network, a mail server, checks."""

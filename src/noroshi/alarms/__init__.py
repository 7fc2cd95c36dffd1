"""When to speak: rules, the judge, incidents, recipients."""

"""Plans with the sums of their lines, for lists."""

from django.db.models import QuerySet, Sum

from noroshi.retention.models import DeletionPlan


def with_totals(plans: QuerySet[DeletionPlan]) -> QuerySet[DeletionPlan]:
    """Each plan with `sum_readings`, `sum_uplinks`, `sum_texts` as they were counted."""
    return plans.annotate(
        sum_readings=Sum("lines__readings"),
        sum_uplinks=Sum("lines__uplinks"),
        sum_texts=Sum("lines__texts"),
    )

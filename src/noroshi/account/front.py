"""Lay the sign-in page, which several roads lead back to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from noroshi.account.forms import SignInForm


def sign_in_page(
    request: HttpRequest,
    form: SignInForm,
    *,
    is_refused: bool = False,
    is_expired: bool = False,
    is_spent: bool = False,
) -> HttpResponse:
    """The form with what went wrong. Always 200: a status would tell what the words do not."""
    context = {
        "form": form,
        "next": request.POST.get("next", request.GET.get("next", "")),
        "is_refused": is_refused and not is_expired,
        "is_expired": is_expired,
        "is_spent": is_spent,
    }
    answer = render(request, "account/sign_in.html", context)
    answer["Cache-Control"] = "no-store"
    return answer

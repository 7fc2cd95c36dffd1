"""The addresses of the front hall; each name is listed in tests/account/test_addresses.py.

Names with `account_` and `mfa_` are those by which the sign-in library looks for its own pages.
"""

from django.urls import URLPattern, path

from noroshi.account.pages import (
    account,
    confirm,
    first,
    link,
    mail,
    password,
    proofs,
    reset,
    sign,
)

urlpatterns: list[URLPattern] = [
    path("sign-in/", sign.sign_in, name="account_login"),
    path("sign-in/", sign.sign_in, name="sign-in"),
    path("sign-in/passkey/", sign.by_passkey, name="mfa_login_webauthn"),
    path("sign-in/code/", sign.Code.as_view(), name="mfa_authenticate"),
    path("sign-out/", sign.sign_out, name="sign-out"),
    path("first/", first.first_password, name="first-password"),
    path("begin/<str:token>/", link.first_link, name="first-link"),
    path("forgotten/", reset.forgotten, name="forgotten"),
    path("reset/<str:uidb64>/<str:token>/", reset.Reset.as_view(), name="reset"),
    path("reset/done/", reset.reset_done, name="reset-done"),
    path("confirm/", confirm.confirm, name="confirm"),
    path("password/", password.password, name="password"),
    path("account/", account.account, name="mfa_index"),
    path("account/", account.account, name="account"),
    path("account/sessions/", account.end_sessions, name="sessions-end"),
    path("account/devices/", account.forget_device, name="device-forget"),
    path("account/mail/", mail.mail, name="account-mail"),
    path("account/mail/<str:token>/", mail.mail_confirm, name="mail-confirm"),
    path("account/factors/", proofs.set_up, name="factor-set-up"),
    path("account/app/", proofs.AddApp.as_view(), name="mfa_activate_totp"),
    path("account/app/remove/", proofs.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("account/passkeys/add/", proofs.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path(
        "account/passkeys/<int:pk>/remove/",
        proofs.RemovePasskey.as_view(),
        name="mfa_remove_webauthn",
    ),
    path("account/codes/", proofs.SpareCodes.as_view(), name="mfa_view_recovery_codes"),
    path("account/codes/new/", proofs.NewSpareCodes.as_view(), name="mfa_generate_recovery_codes"),
]

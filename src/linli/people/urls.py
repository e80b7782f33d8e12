from django.urls import URLPattern, URLResolver, include, path

from linli.people import views

named: list[URLPattern | URLResolver] = [
    path("post", views.post, name="post"),
    path("sign-ins", views.sign_ins, name="sign_ins"),
    path("sign-ins/others/ending", views.end_others, name="end_others"),
    path("sign-ins/<str:sign_in>/ending", views.end_sign_in, name="end_sign_in"),
    path("sign-ins/news", views.heard, name="heard"),
]

# allauth finds its own pages by these names; no other page of it is routed.
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in", views.login, name="account_login"),
    path("sign-in/second-factor", views.second_factor, name="mfa_authenticate"),
    path("sign-in/passkey", views.passkey, name="mfa_login_webauthn"),
    path("sign-in/closed", views.closed, name="account_inactive"),
    path("sign-in/forgotten", views.forgotten, name="account_reset_password"),
    path("sign-out", views.logout, name="account_logout"),
    path("password", views.password, name="account_change_password"),
    path("password/missing", views.forgotten, name="account_set_password"),  # an account that has none
    path("confirmation", views.confirm, name="account_reauthenticate"),
    path("confirmation/code", views.confirm_by_code, name="mfa_reauthenticate"),
    path("confirmation/passkey", views.confirm_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("second-factor", views.factors, name="mfa_index"),
    path("second-factor/app", views.app, name="mfa_activate_totp"),
    path("second-factor/app/removal", views.remove_app, name="mfa_deactivate_totp"),
    path("second-factor/passkeys", views.passkeys, name="mfa_list_webauthn"),
    path("second-factor/passkeys/new", views.add_passkey, name="mfa_add_webauthn"),
    path("second-factor/passkeys/<int:pk>/removal", views.remove_passkey, name="mfa_remove_webauthn"),
    path("second-factor/codes", views.codes, name="mfa_view_recovery_codes"),
    path("second-factor/codes/new", views.new_codes, name="mfa_generate_recovery_codes"),
    path("", include((named, "people"))),
]

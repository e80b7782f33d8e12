from django.urls import URLPattern, URLResolver, include, path

from linli.people import views

named: list[URLPattern | URLResolver] = [path("post", views.post, name="post")]

# allauth finds its own pages by these names; no other page of it is routed.
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in", views.login, name="account_login"),
    path("sign-out", views.logout, name="account_logout"),
    path("password", views.password, name="account_change_password"),
    path("password/missing", views.forgotten, name="account_set_password"),  # an account that has none
    path("sign-in/closed", views.closed, name="account_inactive"),
    path("sign-in/forgotten", views.forgotten, name="account_reset_password"),
    path("", include((named, "people"))),
]

"""The routes of the site."""

from django.urls import include, path, re_path
from django.views.decorators.cache import cache_page
from django.views.decorators.http import require_GET

from django_site import views

shop = [
    path("<slug:slug>/", views.Product.as_view()),
    re_path(r"^archive/(?P<year>[0-9]{4})/(\d+)/$", views.archive),
]

urlpatterns = [
    path("", views.home),
    path("shop/", include(shop)),
    path("desk/", views.Desk.as_view()),
    path("sync/<int:number>/", views.in_thread),
    path("async/<int:number>/", views.awaited),
    path("stream/<int:number>/", views.stream),
    path("astream/<int:number>/", views.astream),
    path("file/", views.file),
    path("download/", views.download),
    path("json/", views.json),
    path("boom/", views.boom),
    path("aboom/", views.aboom),
    path("old/", views.old),
    path("get/", require_GET(views.home)),
    path("cached/", cache_page(60)(views.home)),
    path("login/<str:name>/", views.sign_in),
    path("alogin/<str:name>/", views.asign_in),
    path("logout/", views.sign_out),
    path("who/", views.who),
    path("session/", views.session),
    path("traced/", views.traced),
    path("atraced/", views.atraced),
    path("queries/", views.queries),
    path("flush/", views.flush),
]

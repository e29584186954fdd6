from django.urls import path

from portal.accounts import views

urlpatterns = [
    path("register/", views.register_page, name="register"),
    path("sign-in/", views.sign_in_page, name="sign-in"),
    path("sign-out/", views.sign_out_page, name="sign-out"),
    path("password/", views.password_page, name="password"),
    path("me/profile/", views.profile_page, name="profile"),
    path("me/photo/", views.photo_page, name="photo"),
    path("me/photo/image/", views.photo_image, name="photo-image"),
]

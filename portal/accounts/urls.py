from django.urls import path

from portal.accounts import views, views_staff

urlpatterns = [
    path("register/", views.register_page, name="register"),
    path("sign-in/", views.sign_in_page, name="sign-in"),
    path("sign-out/", views.sign_out_page, name="sign-out"),
    path("password/", views.password_page, name="password"),
    path("me/profile/", views.profile_page, name="profile"),
    path("me/photo/", views.photo_page, name="photo"),
    path("me/photo/image/", views.photo_image, name="photo-image"),
    path("chief/staff/", views_staff.staff_list, name="staff"),
    path("chief/staff/open/", views_staff.staff_open, name="staff-open"),
    path("chief/staff/<uuid:pk>/end/", views_staff.staff_end, name="staff-end"),
]

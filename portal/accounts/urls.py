from django.urls import path

from portal.accounts import views, views_access, views_factors, views_service, views_staff

urlpatterns = [
    path("register/", views.register_page, name="register"),
    path("sign-in/", views.sign_in_page, name="sign-in"),
    path("sign-out/", views.sign_out_page, name="sign-out"),
    path("sign-in/second/", views_factors.second_factor_page, name="second-factor"),
    path("sign-in/service/", views_service.service_sign_in, name="service-sign-in"),
    path("sign-in/service/return/", views_service.service_return, name="service-return"),
    path("security/service/link/", views_service.service_link, name="service-link"),
    path("security/service/unlink/", views_service.service_unlink, name="service-unlink"),
    path("activate/", views_access.activate_page, name="activate"),
    path("access/", views_access.access_list, name="access-grants"),
    path("access/lost/", views_access.access_lost, name="access-lost"),
    path("access/<uuid:pk>/", views_access.access_decide, name="access-decide"),
    path("security/", views_factors.security_page, name="security"),
    path("security/confirm/", views_factors.step_up_page, name="step-up"),
    path("security/setup/", views_factors.factor_setup_page, name="factor-setup"),
    path("security/app/", views_factors.factor_app_page, name="factor-app"),
    path("security/passkey/", views_factors.factor_passkey_page, name="factor-passkey"),
    path("security/factors/<uuid:pk>/remove/", views_factors.factor_remove_page, name="factor-remove"),
    path("security/recovery-codes/", views_factors.recovery_codes_page, name="recovery-codes"),
    path("security/sessions/end/", views_factors.sessions_end_page, name="sessions-end"),
    path("security/sessions/<uuid:pk>/end/", views_factors.session_end_page, name="session-end"),
    path("password/", views.password_page, name="password"),
    path("me/profile/", views.profile_page, name="profile"),
    path("me/photo/", views.photo_page, name="photo"),
    path("me/photo/image/", views.photo_image, name="photo-image"),
    path("chief/staff/", views_staff.staff_list, name="staff"),
    path("chief/staff/open/", views_staff.staff_open, name="staff-open"),
    path("chief/staff/<uuid:pk>/end/", views_staff.staff_end, name="staff-end"),
]

from django.urls import include, path

MODULES = ("portal.policy.api", "education.api_policy", "certificates.api_policy")

urlpatterns = [path("api/v1/", include(module)) for module in MODULES]

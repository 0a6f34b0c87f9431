"""Where the two tables are found."""

from rest_framework.routers import SimpleRouter

from benchmarks.bare.views import ContactViewSet, LeadViewSet

router = SimpleRouter(trailing_slash=False)
router.register("contacts", ContactViewSet)
router.register("leads", LeadViewSet)

urlpatterns = router.urls

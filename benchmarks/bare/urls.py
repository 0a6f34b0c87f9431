"""Where the two tables are found."""

from rest_framework.routers import SimpleRouter

from benchmarks.bare.views import ContactByCursorViewSet, ContactViewSet, LeadViewSet

router = SimpleRouter(trailing_slash=False)
router.register("contacts", ContactViewSet)
router.register("contacts-by-cursor", ContactByCursorViewSet, "by-cursor")
router.register("leads", LeadViewSet)

urlpatterns = router.urls

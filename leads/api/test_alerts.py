"""`POST /me/test-alert`, `POST /team-member-distribution-options/:id/test-alert`."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import LenientBoolean, LenientInteger, LenientSerializer, LenientText
from api.unknown_fields import NoBody
from api.viewsets import BEYOND, Resource, get_or_404
from core.errors import NotAllowed
from core.reasons import reason_json
from leads.api import examples
from leads.notifications.test_alerts import ChannelResult, channels_for_member, channels_for_user, send_test_alert
from teams.models import TeamMemberDistributionOption, User


class ChannelResultSerializer(LenientSerializer[Any]):
    """A channel: whether it was used, and if not, why."""

    channel, code = LenientText(read_only=True), LenientText(read_only=True)
    details, reason = serializers.DictField(read_only=True), LenientText(read_only=True)
    is_used = LenientBoolean(read_only=True)

    class Meta:
        model = User
        fields = ["channel", "is_used", "code", "details", "reason"]

    def to_representation(self, result: ChannelResult) -> dict[str, Any]:
        return {"channel": result.channel, "is_used": result.is_used} | reason_json(result.reason)


class TestAlertSerializer(LenientSerializer[Any]):
    """The user who was sent a test alert, and the channels."""

    user_id = LenientInteger(read_only=True)
    channels = ChannelResultSerializer(many=True, read_only=True)

    class Meta:
        model = User
        example = examples.TEST_ALERT
        fields = ["user_id", "channels"]


class TestAlertResource(Resource[User]):
    """Send a test alert on each enabled channel: 201. If none can be used: 200."""

    verbs = ("create",)
    tag = BEYOND
    may_stand = True
    serializer_class = TestAlertSerializer

    def recipient(self) -> tuple[User, list[ChannelResult]]:
        """Return the user to alert, and their channels."""
        raise NotImplementedError

    @extend_schema(request=None)
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Send a test alert on every enabled channel. At most one per minute and user."""
        self.validate(NoBody(data=request.data))
        user, channels = self.recipient()
        alert = send_test_alert(user, channels, now=self.now)
        return Response(self.represent(alert), status=201 if alert.is_sent else 200)


class MyTestAlertResource(TestAlertResource):
    """Send a test alert to the caller."""

    def recipient(self) -> tuple[User, list[ChannelResult]]:
        return self.user, channels_for_user(self.user)


class MemberTestAlertResource(TestAlertResource):
    """Send a test alert to a member of a team. Allowed for the creator of the team."""

    def recipient(self) -> tuple[User, list[ChannelResult]]:
        options = TeamMemberDistributionOption.objects.visible_to(self.user).select_related("team", "user")
        option: TeamMemberDistributionOption = get_or_404(options, self.kwargs["option_id"])
        if not option.may_be_changed_by(self.user):
            raise NotAllowed("Only the creator of the team sends its members test alerts.")
        return option.user, channels_for_member(option)

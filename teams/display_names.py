"""How the texts of reasons name users, teams and times to a person in the admin."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.reasons import Names, Reason, RecordCollector, reason_text
from teams.models import Team, User
from teams.timezones import format_local_time

RecordNames = Mapping[tuple[str, int], str]  # by kind and id


@dataclass(frozen=True)
class ReaderNames(Names):
    """Names of records, and the reader's own clock. A record without a name is called by kind and id."""

    names: RecordNames
    zone: ZoneInfo

    def record(self, kind: str, pk: int) -> str:
        name = self.names.get((kind, pk))
        if kind == "route":  # the API's word
            quoted = f" \N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}" if name else ""
            return f"rule {pk}{quoted}"
        if name is None:
            return super().record(kind, pk)
        return f"team {name}" if kind == "team" else name

    def time(self, at: datetime) -> str:
        return format_local_time(at.isoformat(), self.zone)


def texts_for(reasons: list[Reason], zone: ZoneInfo) -> list[str]:
    """The texts of reasons that name users and teams alone, in two queries at most."""
    collector = RecordCollector()
    for reason in reasons:
        reason_text(*reason, collector)
    users = User.objects.filter(pk__in=collector.ids.get("user", ()))
    teams = Team.objects.filter(pk__in=collector.ids.get("team", ()))
    names = {("user", user.pk): user.get_full_name() or user.email for user in users} if "user" in collector.ids else {}
    if "team" in collector.ids:
        names |= {("team", team.pk): team.name for team in teams}
    return [reason_text(*reason, ReaderNames(names, zone)) for reason in reasons]

"""The people of a bench: alice leads teams of agents; and contacts with numbers that belong to nobody."""

from collections.abc import Iterator
from itertools import product

from django.utils import timezone

from config.api.oauth import mint_token
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User
from teams.phones import e164, zones_of

# Area codes in use, each with a hundred numbers kept for fiction: 555-0100 to 555-0199.
AREAS = [area for area in range(201, 990) if zones_of(f"+1{area}5550100")]


def fictional_numbers() -> Iterator[str]:
    """Telephone numbers as people write them, no two alike."""
    for ending, area in product(range(100), AREAS):
        yield f"({area}) 555-01{ending:02}"


def make_users(names: list[str]) -> list[User]:
    """Agents of these names, who cannot log in: hashing passwords takes longer than all the rest."""
    numbers = fictional_numbers()
    return User.objects.bulk_create([make_user(name, next(numbers), next(numbers)) for name in names])


def make_user(name: str, phone: str, system_phone: str) -> User:
    email = f"{name}@example.com"
    return User(
        email=email,
        username=email,
        password="!",
        first_name=name.capitalize(),
        last_name="Example",
        phone=phone,
        phone_e164=e164(phone),
        system_phone=e164(system_phone),
    )


def make_team(creator: User, members: list[User], name: str = "Pride") -> Team:
    """A team by rank, five minutes apart, whose members are told by text and email."""
    team = Team.objects.create(creator=creator, name=name, is_contact_resource_sharing_enabled=True)
    fill_teams([(team, members)])
    return team


def fill_teams(teams: list[tuple[Team, list[User]]]) -> None:
    """Everybody accepted, everybody to be offered leads."""
    places = [(team, user, rank) for team, members in teams for rank, user in enumerate(members, 1)]
    accepted = TeamMember.RequestStatus.ACCEPTED
    TeamMember.objects.bulk_create(
        [TeamMember(team=team, user=user, request_status=accepted) for team, user, _ in places]
    )
    TeamMemberDistributionOption.objects.bulk_create(
        [
            TeamMemberDistributionOption(team=team, user=user, rank=rank, has_text_alert=True, has_email_alert=True)
            for team, user, rank in places
        ]
    )


def token_of(user: User) -> str:
    """A real access token."""
    return mint_token(user, timezone.now())

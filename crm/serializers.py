"""How contacts and what describes them look to clients (reference 2.7, 2.9, 2.10)."""

from config.api.fields import LooseSerializer, Reference
from crm.models import Contact, ContactSource, Hotness
from teams.models import User


class ContactSerializer(LooseSerializer[Contact]):
    assigned_user_id = Reference("assigned_user", among=User.objects.within_reach_of, required=False, allow_null=True)

    class Meta:
        model = Contact
        fields = [
            "id",
            "owner_user_id",
            "assigned_user_id",
            "first_name",
            "last_name",
            "email",
            "mobile_phone",
            "home_phone",
            "office_phone",
            "fax",
            "company",
            "birthday",
            "anniversary",
            "spouse_name",
            "spouse_email",
            "spouse_phone",
            "spouse_birthday",
            "tags",
            "hotness_id",
            "source_id",
            "is_do_not_contact",
            "created_at",
            "modified_at",
        ]
        read_only_fields = ["owner_user_id"]


class ContactSourceSerializer(LooseSerializer[ContactSource]):
    class Meta:
        model = ContactSource
        fields = ["id", "name", "user_id"]
        read_only_fields = ["user_id"]


class HotnessSerializer(LooseSerializer[Hotness]):
    class Meta:
        model = Hotness
        fields = ["id", "rank", "user_id", "name", "color"]
        read_only_fields = ["user_id"]

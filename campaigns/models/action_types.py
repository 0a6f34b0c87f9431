"""The kinds of actions, tasks and communications, and what each asks for."""

from django.db import models

from messaging.models import Message, Template


class ActionType(models.TextChoices):
    """What a campaign does: speak to the contact, or remind an agent."""

    NONE = "None"
    EMAIL_CONTACT = "Email Contact"
    CALL_CONTACT = "Call Contact"
    TEXT_CONTACT = "Text Contact"
    TASK_EMAIL = "Agent Task - Email Reminder"
    TASK_CALL = "Agent Task - Call Reminder"
    TASK_TEXT = "Agent Task - Text Reminder"
    TASK_NONE = "Agent Task - No Reminder"
    BOMBBOMB = "BombBomb Video Email"
    LETTER = "Direct Mail: Letter"
    POSTCARD = "Direct Mail: Postcard"
    TASK_LETTER = "Agent Task - Direct Mail: Letter (Manual)"
    TASK_POSTCARD = "Agent Task - Direct Mail: Postcard (Manual)"


COMMUNICATIONS = (ActionType.EMAIL_CONTACT, ActionType.CALL_CONTACT, ActionType.TEXT_CONTACT)
TEMPLATE_TYPES: dict[str, str] = {
    ActionType.EMAIL_CONTACT: Template.TemplateType.EMAIL,
    ActionType.CALL_CONTACT: Template.TemplateType.PHONE,
    ActionType.TEXT_CONTACT: Template.TemplateType.TEXT,
}
REMINDERS = (ActionType.TASK_EMAIL, ActionType.TASK_CALL, ActionType.TASK_TEXT, ActionType.TASK_NONE)
LONGEST_DESCRIPTION = 2000  # of a task; an action's notes may be longer
# How the agent is reminded of a due task. Other types have no reminder. Users are not reminded by calls.
REMINDED_BY: dict[str, str] = {
    ActionType.EMAIL_CONTACT: Message.Channel.EMAIL,
    ActionType.CALL_CONTACT: Message.Channel.EMAIL,
    ActionType.TEXT_CONTACT: Message.Channel.TEXT,
    ActionType.TASK_EMAIL: Message.Channel.EMAIL,
    ActionType.TASK_CALL: Message.Channel.EMAIL,
    ActionType.TASK_TEXT: Message.Channel.TEXT,
}

"""Due work of campaigns: communications, birthdays and reminders."""

"""What several forms say of their fields."""

HOURS_HELP = "Such as: Mon-Fri 9:00-17:00; Sat 10am-2pm. Empty: always."
DAYS_HELP = "Parted by commas: 2027-07-04, 2027-12-25."

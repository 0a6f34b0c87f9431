"""Help texts that several forms share."""

HOURS_HELP = "Example: Mon-Fri 9:00-17:00; Sat 10am-2pm. Empty: always."
DAYS_HELP = "Separate dates with commas: 2027-07-04, 2027-12-25."

"""What is done with a lead that stands, over HTTP: taken from the pond, given away, returned, merged. All ours."""

"""The content of a message: merge fields, rendering, placeholders of other products, HTML and segments."""

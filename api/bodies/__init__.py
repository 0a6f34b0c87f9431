"""Request and response bodies: parsers, renderers, charsets, compression, forms."""

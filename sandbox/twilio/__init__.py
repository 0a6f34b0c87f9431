"""An emulator of Twilio: REST API, calls, texts, callbacks and error codes."""

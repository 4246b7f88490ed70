"""The gates that every revision passes before anybody reviews it: one module a gate."""

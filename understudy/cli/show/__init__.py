"""Output of commands: tables, pictures, videos, the console."""

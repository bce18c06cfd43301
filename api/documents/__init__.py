"""A job as one document to hand around: its content, and HTML, Markdown and PDF made of it."""

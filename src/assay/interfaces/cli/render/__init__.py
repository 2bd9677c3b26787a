"""How a report looks to a person: terminal table, Markdown, one HTML page."""

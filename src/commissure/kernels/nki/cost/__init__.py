"""What a traced kernel would take by the documented costs of its instructions: no measurement of any hardware."""

"""Who may use the clinicians' page: accounts by pseudonym, passwords, sessions, invitations, roles."""

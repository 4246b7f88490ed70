"""What a lead looks at: tables of figures about one recipe's review, by pseudonym."""

"""Model requests and their answers: content-addressed requests, the ledger, backends, the client."""

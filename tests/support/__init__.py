"""What several tests share: small worlds, policies, recordings and processes."""

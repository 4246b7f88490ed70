"""Ways to get requests answered. Each gives raw replies; the client judges and files them."""

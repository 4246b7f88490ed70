"""What the library knows of medicine: names of diseases, and what gives an answer away."""

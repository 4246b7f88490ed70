"""What templates show: frozen values made from records."""

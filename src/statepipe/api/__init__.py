"""What people import."""

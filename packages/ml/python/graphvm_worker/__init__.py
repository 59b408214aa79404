"""What graphvm runs in Python. Python 3.9 or later."""

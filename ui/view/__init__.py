"""What the app shows: model, picture and capture, cached and shared by all pages."""

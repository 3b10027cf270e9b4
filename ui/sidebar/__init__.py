"""The choices that every page shares: picture, model, size and device."""

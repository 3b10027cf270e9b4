"""Small apps for tests that drive one part of the real one."""

"""Models or pictures side by side: one spot of the picture, blocks of the same relative depth, maps in one unit."""

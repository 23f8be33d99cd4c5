"""What moves by itself: which workflow a push starts, its runs, and what their jobs do to the world."""

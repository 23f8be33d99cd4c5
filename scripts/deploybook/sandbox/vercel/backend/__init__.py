"""What moves by itself: builds in their time, the edge that serves, and the platform that sets both in motion."""

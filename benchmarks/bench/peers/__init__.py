"""What people would pick instead, started as its makers recommend for short jobs."""

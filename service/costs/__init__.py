"""What trainings cost: time, memory and money, measured and estimated."""

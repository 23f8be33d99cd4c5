"""What `deploybook check` finds without running anything: the guide, its notebooks and its contract against each other."""

"""What a run can gain at best: certified optima and bounds, worked out before and beside the simulation."""

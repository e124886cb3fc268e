"""What our modules share. Stdlib only: it is sent to the nodes, and imported on the control machine as well."""

"""Child processes: started on a leash, watched, restarted, and told from strangers."""

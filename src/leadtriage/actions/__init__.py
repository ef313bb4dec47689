"""What people do to leads: each act changes state and writes its event in one transaction."""

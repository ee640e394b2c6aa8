"""Child processes of this machine: started, watched, restarted and stopped, none left behind."""

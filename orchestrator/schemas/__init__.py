"""What HTTP requests and answers hold."""

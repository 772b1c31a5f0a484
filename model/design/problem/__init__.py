"""What is asked: the request, what can be chosen, negotiable steps and projects."""

"""What one given agreement does: would each party sign, who leaves or joins, what each lever is worth."""

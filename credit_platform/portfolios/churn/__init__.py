"""The churn book: purchases and feedback of customers, of whom some stop buying."""

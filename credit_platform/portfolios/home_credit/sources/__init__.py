"""The seven sources: what each raw column is called, holds and may be, and the silver tables made of them."""

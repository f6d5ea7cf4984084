"""Promises that hold for every kind of book, each tested on all of them."""

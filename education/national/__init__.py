"""Onward to the national system (2.2): approved by the province and visible there are two different things."""

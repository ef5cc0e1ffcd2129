"""Measurements in ratios: each compares the product with a plain way of doing the same work, in one run on one machine."""

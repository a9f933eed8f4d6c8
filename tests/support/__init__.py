"""What tests, benchmarks and demo share. Imports none of them."""

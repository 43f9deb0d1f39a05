"""The test suite, and beside it the benchmarks and the soak test."""
